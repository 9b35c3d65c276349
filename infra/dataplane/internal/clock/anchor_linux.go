package clock

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Shared says whether MonotonicNs is the same clock in every process of the machine.
const Shared = true

// anchorNs is what CLOCK_MONOTONIC showed at base. Each of a few readings is bracketed by two of Go's clock and the
// tightest is kept, because the process may be preempted between them.
func anchorNs() int64 {
	tightest, anchor := int64(math.MaxInt64), int64(0)
	for range 16 {
		before := int64(time.Since(base))
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			return 0
		}
		after := int64(time.Since(base))
		if after-before < tightest {
			tightest = after - before
			anchor = now.Nano() - (before+after)/2
		}
	}
	return anchor
}
