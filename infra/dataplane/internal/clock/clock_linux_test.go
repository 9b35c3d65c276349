package clock

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestMonotonicNsAgreesWithTheKernelsClock(t *testing.T) {
	best := int64(time.Hour)
	for range 100 {
		before := MonotonicNs()
		var kernel unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &kernel); err != nil {
			t.Fatal(err)
		}
		after := MonotonicNs()
		best = min(best, max(before-kernel.Nano(), kernel.Nano()-after))
	}
	if best > 20_000 {
		t.Errorf("readings are off by %d ns at best", best)
	}
}
