package wire

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// highest is the most favourable priority of ordinary threads. A real-time class would wake sooner, and must not be
// used: where this process has one core, a thread of Go's runtime that spins for a lock would keep its holder, of the
// same or a lower class, from ever running again.
const highest = -20

// runAhead has the kernel prefer the calling thread to other ordinary ones, where it may.
func runAhead() { threadAhead(0) }

// runAllAhead does the same for every thread of this process and those that they start.
func runAllAhead() {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			threadAhead(id)
		}
	}
}

// threadAhead does nothing where the kernel refuses it; how exactly the wire then keeps the delay, its tally says.
func threadAhead(id int) {
	_ = unix.Setpriority(unix.PRIO_PROCESS, id, highest)
}
