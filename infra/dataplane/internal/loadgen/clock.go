package loadgen

import (
	"time"

	shared "meshmark/dataplane/internal/clock"
)

// clock is one monotonic clock for everything: slices, latencies and, anchored once, times of day.
type clock struct {
	base time.Time
	unix int64 // Unix µs at base.
	mono int64 // Reading in ns of the machine's monotonic clock at base.
}

func newClock() clock {
	now := time.Now()
	return clock{base: now, unix: now.UnixMicro(), mono: shared.MonotonicNs() - int64(time.Since(now))}
}

// now returns ns since the clock was made; at least 1, so that 0 can mean "never".
func (c clock) now() int64 { return int64(time.Since(c.base)) + 1 }

// unixMicros turns a reading of now into Unix µs. It does not follow later corrections of the wall clock.
func (c clock) unixMicros(at int64) int64 { return c.unix + at/1000 }

// monotonicMicros turns a reading of now into µs of the clock that all processes of the machine share.
func (c clock) monotonicMicros(at int64) int64 { return (c.mono + at) / 1000 }
