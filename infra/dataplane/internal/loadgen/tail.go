package loadgen

import (
	"container/heap"
	"slices"
)

const (
	// mostTail bounds what a slice's tail takes, in the generator and in the record.
	mostTail = 4096
	// tailShare is the share of a slice's requests that its tail has, where that is not above mostTail.
	tailShare = 0.02
)

// slowRequest is one of the slowest; endedAt is a reading of the engine's clock.
type slowRequest struct{ endedAt, latency int64 }

// tail keeps the slowest requests of a slice: a heap whose root is the fastest of them, so that of most requests only one
// comparison is made.
type tail struct{ kept slowest }

type slowest []slowRequest

func (s slowest) Len() int           { return len(s) }
func (s slowest) Less(i, j int) bool { return s[i].latency < s[j].latency }
func (s slowest) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push and Pop are of the interface, and nobody calls them.
func (s *slowest) Push(any) { panic("not used") }
func (s *slowest) Pop() any { panic("not used") }

func (t *tail) reset() { t.kept = t.kept[:0] }

func (t *tail) offer(endedAt, latency int64) {
	switch {
	case len(t.kept) < mostTail:
		// Not heap.Push, which would allocate for each.
		t.kept = append(t.kept, slowRequest{endedAt, latency})
		heap.Fix(&t.kept, len(t.kept)-1)
	case latency > t.kept[0].latency:
		t.kept[0] = slowRequest{endedAt, latency}
		heap.Fix(&t.kept, 0)
	}
}

// tailEvent is the tail as it is told: times are µs of CLOCK_MONOTONIC, which all processes of a machine share.
type tailEvent struct {
	// FromMicros and ToMicros bound the measured part.
	FromMicros int64 `json:"fromMicros"`
	ToMicros   int64 `json:"toMicros"`
	// Complete says that these are all of the slowest 2 %, and not only as many as fit.
	Complete bool `json:"complete"`
	// Requests are when each ended and its latency in ns, one after the other, by rising end.
	Requests []int64 `json:"requests"`
}

// told is the slowest tailShare of so many requests. monotonic turns readings of the engine's clock into µs.
func (t *tail) told(requests, from, to int64, monotonic func(int64) int64) *tailEvent {
	want := int(float64(requests)*tailShare + 0.999999)
	sorted := slices.Clone(t.kept)
	slices.SortFunc(sorted, func(a, b slowRequest) int { return int(min(max(b.latency-a.latency, -1), 1)) })
	sorted = sorted[:min(want, len(sorted))]
	slices.SortFunc(sorted, func(a, b slowRequest) int { return int(min(max(a.endedAt-b.endedAt, -1), 1)) })
	event := &tailEvent{FromMicros: monotonic(from), ToMicros: monotonic(to), Complete: want <= mostTail, Requests: make([]int64, 0, 2*len(sorted))}
	for _, one := range sorted {
		event.Requests = append(event.Requests, monotonic(one.endedAt), one.latency)
	}
	return event
}
