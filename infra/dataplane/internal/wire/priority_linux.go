package wire

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// runAhead has the kernel wake the calling thread before any ordinary one, where it may: netem, too, works ahead of
// every process.
func runAhead() { threadAhead(0) }

// runAllAhead does the same for every thread of this process and those that they start. A thread of Go's runtime that
// is kept waiting by other processes while it holds one of the scheduler's locks would keep the wire's threads waiting.
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
	_ = unix.SchedSetAttr(id, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
}
