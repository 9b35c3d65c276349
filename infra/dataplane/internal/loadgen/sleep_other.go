//go:build !linux

package loadgen

import (
	"sync/atomic"
	"time"
)

// sleeper waits for moments with Go's own timers, which may be late by a millisecond; the send lag shows it.
type sleeper struct{ clk clock }

func newSleeper(clk clock) *sleeper { return &sleeper{clk: clk} }

// until returns at the given reading of the clock, or when aborted is set.
func (s *sleeper) until(at int64, aborted *atomic.Bool) {
	const longest = 20 * time.Millisecond
	for left := at - s.clk.now(); left > 0 && !aborted.Load(); left = at - s.clk.now() {
		time.Sleep(min(time.Duration(left), longest))
	}
}
