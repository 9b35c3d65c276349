package sidecar

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func processCPU() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}

func TestBurnCostsTheProcessAboutWhatWasAsked(t *testing.T) {
	// The first burn calibrates itself.
	burnCPU(time.Microsecond)
	for _, amount := range []time.Duration{7 * time.Microsecond, 50 * time.Microsecond} {
		const batches, requests = 5, 1000
		per := make([]time.Duration, batches)
		for index := range per {
			start := processCPU()
			for range requests {
				burnCPU(amount)
			}
			per[index] = (processCPU() - start) / requests
		}
		// The median, because the process's clock also has what the runtime does meanwhile on its own threads.
		slices.Sort(per)
		if median := per[batches/2]; median < amount*7/10 || median > amount*13/10 {
			t.Errorf("a burn of %s cost %s", amount, per)
		}
	}
}
