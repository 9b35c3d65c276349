package admin

import (
	"math"
	"runtime/metrics"
	"sync"
)

// RuntimeSnapshot is what the Go runtime says of itself, cumulative since the process started save for the gauges
// HeapLiveBytes and Goroutines.
type RuntimeSnapshot struct {
	GCCycles uint64    `json:"gcCycles"`
	GCPauses Histogram `json:"gcPauses"`
	// RecentPauses are those since the snapshot before; nil where the clocks of two processes cannot be compared.
	RecentPauses *RecentPauses `json:"recentPauses,omitempty"`
	// GCCPUSeconds is /cpu/classes/gc/total less /cpu/classes/gc/mark/idle: what collecting took from the program,
	// without the marking done on processors that had nothing else to do. The runtime estimates it, charges a pause
	// with every processor, and brings it up to date only at the end of a collection, so that it lags by up to one.
	GCCPUSeconds     float64   `json:"gcCpuSeconds"`
	AllocBytes       uint64    `json:"allocBytes"`
	AllocObjects     uint64    `json:"allocObjects"`
	HeapLiveBytes    uint64    `json:"heapLiveBytes"`
	Goroutines       uint64    `json:"goroutines"`
	SchedLatency     Histogram `json:"schedLatency"`
	MutexWaitSeconds float64   `json:"mutexWaitSeconds"`
}

// Histogram counts durations: Counts[i] of them lay above UpperNs[i-1] (or nothing) and at or below UpperNs[i].
// A nil edge is infinity. Runs of empty buckets are one bucket.
type Histogram struct {
	UpperNs []*int64 `json:"upperNs"`
	Counts  []uint64 `json:"counts"`
}

const (
	gcCycles = iota
	gcPauses
	gcCPUTotal
	gcCPUIdle
	allocBytes
	allocObjects
	heapLive
	goroutines
	schedLatency
	mutexWait
	metricCount
)

var metricNames = [metricCount]string{
	gcCycles:     "/gc/cycles/total:gc-cycles",
	gcPauses:     "/sched/pauses/total/gc:seconds",
	gcCPUTotal:   "/cpu/classes/gc/total:cpu-seconds",
	gcCPUIdle:    "/cpu/classes/gc/mark/idle:cpu-seconds",
	allocBytes:   "/gc/heap/allocs:bytes",
	allocObjects: "/gc/heap/allocs:objects",
	heapLive:     "/gc/heap/live:bytes",
	goroutines:   "/sched/goroutines:goroutines",
	schedLatency: "/sched/latencies:seconds",
	mutexWait:    "/sync/mutex/wait/total:seconds",
}

// runtimeReader keeps the samples between readings: the runtime then refills their histograms instead of allocating
// new ones, which would show in the very numbers that are read.
type runtimeReader struct {
	mutex   sync.Mutex
	samples [metricCount]metrics.Sample
	pauses  pauseReader
}

func newRuntimeReader() *runtimeReader {
	reader := &runtimeReader{}
	for index, name := range metricNames {
		reader.samples[index].Name = name
	}
	return reader
}

// read takes one snapshot; it does not stop the world.
func (r *runtimeReader) read() RuntimeSnapshot {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	metrics.Read(r.samples[:])
	value := func(index int) metrics.Value { return r.samples[index].Value }
	return RuntimeSnapshot{
		GCCycles:         value(gcCycles).Uint64(),
		GCPauses:         compact(value(gcPauses).Float64Histogram()),
		RecentPauses:     r.pauses.read(),
		GCCPUSeconds:     value(gcCPUTotal).Float64() - value(gcCPUIdle).Float64(),
		AllocBytes:       value(allocBytes).Uint64(),
		AllocObjects:     value(allocObjects).Uint64(),
		HeapLiveBytes:    value(heapLive).Uint64(),
		Goroutines:       value(goroutines).Uint64(),
		SchedLatency:     compact(value(schedLatency).Float64Histogram()),
		MutexWaitSeconds: value(mutexWait).Float64(),
	}
}

// compact turns the runtime's thousand-odd buckets, most of them empty, into a few. An empty bucket stays only as the
// last of its run, where it is the lower edge of the bucket after it.
func compact(full *metrics.Float64Histogram) Histogram {
	compacted := Histogram{}
	for index, count := range full.Counts {
		last := index == len(full.Counts)-1
		if count == 0 && !last && full.Counts[index+1] == 0 {
			continue
		}
		compacted.UpperNs = append(compacted.UpperNs, edgeNs(full.Buckets[index+1]))
		compacted.Counts = append(compacted.Counts, count)
	}
	return compacted
}

// edgeNs undoes the runtime's division of whole nanoseconds by 1e9.
func edgeNs(seconds float64) *int64 {
	if math.IsInf(seconds, 1) {
		return nil
	}
	edge := int64(math.Round(seconds * 1e9))
	return &edge
}
