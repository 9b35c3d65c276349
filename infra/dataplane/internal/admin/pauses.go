package admin

import (
	"runtime/debug"
	"time"

	"meshmark/dataplane/internal/clock"
)

// RecentPauses are the stop-the-world pauses of collections. A collection stops the world twice, for a moment each; the
// runtime tells the sum, and when the second ended, so that a pause here is an interval of that length that ends then.
type RecentPauses struct {
	// Pauses are when each ended, in µs of CLOCK_MONOTONIC, and how long it was in ns, one after the other, by rising end.
	Pauses []int64 `json:"pauses"`
	// Lost are those that the runtime had forgotten: it remembers the last 256.
	Lost int64 `json:"lost"`
}

// pauseReader tells each pause once.
type pauseReader struct {
	stats debug.GCStats
	told  int64
}

// read returns the pauses since it was last called; nil where no clock is shared by the processes of the machine.
func (p *pauseReader) read() *RecentPauses {
	if !clock.Shared {
		return nil
	}
	debug.ReadGCStats(&p.stats)
	fresh := p.stats.NumGC - p.told
	p.told = p.stats.NumGC
	known := min(fresh, int64(len(p.stats.PauseEnd)), int64(len(p.stats.Pause)))
	recent := &RecentPauses{Pauses: make([]int64, 0, 2*known), Lost: fresh - known}
	nowWall, nowNs := time.Now(), clock.MonotonicNs()
	// The runtime has the newest first, and times of day: what the clock was set by since then would be off, so that each
	// is placed by its age.
	for i := known - 1; i >= 0; i-- {
		endedNs := nowNs - nowWall.Sub(p.stats.PauseEnd[i]).Nanoseconds()
		recent.Pauses = append(recent.Pauses, endedNs/1000, p.stats.Pause[i].Nanoseconds())
	}
	return recent
}
