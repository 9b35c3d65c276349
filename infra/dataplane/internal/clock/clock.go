// Package clock reads the clocks that timestamps of this program are taken from.
//
//	receivedNs := clock.MonotonicNs()
//	at := clock.EpochMicros()
package clock

import "time"

// base anchors both clocks: Go reads the monotonic clock without a system call, but only gives it out as a difference.
var (
	base         = time.Now()
	baseMonoNs   = anchorNs()
	baseEpochMcs = base.UnixMicro()
)

// MonotonicNs is CLOCK_MONOTONIC in nanoseconds on Linux, the same in every process of the machine; elsewhere the time
// since this process started.
func MonotonicNs() int64 { return baseMonoNs + int64(time.Since(base)) }

// EpochMicros is the time of day in microseconds since the Unix epoch. It follows the monotonic clock from the
// process's start, so that it never steps back.
func EpochMicros() int64 { return baseEpochMcs + time.Since(base).Microseconds() }
