// Package keepawake keeps the core it is pinned to from halting, without taking time from anything else there.
//
//	dataplane launch --parent 4711 --cpus 1 -- dataplane keep-awake
//
// A loop under SCHED_IDLE runs only when nothing else on the core wants to, and gives way at once when something
// does. In a virtual machine that is the difference between waking a thread and having the hypervisor wake a whole
// virtual core: on a nested one, halting made an open loop's p99 send lag 2 to 40 ms that is 0.05 to 9 ms with the
// loop, and charged the waking side ten times the CPU. On bare metal it does what idle=poll does.
package keepawake

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// spinsBetweenChecks is how long the loop runs before Go's scheduler may look at it: about a millisecond.
const spinsBetweenChecks = 1 << 15

// Main loops until it is killed. It exits with 1 where it cannot get the lowest priority, since a loop of ordinary
// priority would take half the core.
func Main(_ []string, _ io.Reader, _, stderr io.Writer) int {
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
	if err := yieldToEverything(); err != nil {
		fmt.Fprintf(stderr, "dataplane keep-awake: %v\n", err)
		return 1
	}
	for {
		for range spinsBetweenChecks {
			pause()
		}
	}
}
