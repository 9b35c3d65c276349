package sidecar

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// burnCPU wastes that much CPU of the calling thread, by the thread's own CPU clock: time in which the thread did not
// run does not count. The clock is read by system calls, a microsecond or so each, so that a part of the burn is system
// time, and what the readings cost beyond the amount is measured once and taken off. Amounts of a few microseconds
// come out within about 30 %, larger ones closer; one below the cost of two readings costs those.
func burnCPU(amount time.Duration) {
	spin(amount - spinExcess())
}

func spin(amount time.Duration) {
	// The clock is the thread's, so the goroutine must not move to another one meanwhile.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for end := threadCPU() + int64(amount); threadCPU() < end; {
	}
}

// spinExcess is what a spin costs more than asked. The median of many, because some are interrupted.
var spinExcess = sync.OnceValue(func() time.Duration {
	const spins, batch, asked = 51, 20, 10 * time.Microsecond
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	excess := make([]time.Duration, spins)
	for index := range excess {
		start := threadCPU()
		for range batch {
			spin(asked)
		}
		excess[index] = time.Duration(threadCPU()-start)/batch - asked
	}
	slices.Sort(excess)
	return excess[spins/2]
})

// threadCPU is the thread's CPU time in nanoseconds. The clock always exists on Linux, so an error cannot come.
func threadCPU() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now)
	return now.Nano()
}
