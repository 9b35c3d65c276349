package admin

import (
	"encoding/json"
	"math"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"testing"
)

func snapshotOf(t *testing.T, counters *Counters) Snapshot {
	t.Helper()
	answer := httptest.NewRecorder()
	Handler("outbound", counters).ServeHTTP(answer, httptest.NewRequest("GET", "/snapshot", nil))
	var snapshot Snapshot
	if err := json.Unmarshal(answer.Body.Bytes(), &snapshot); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	return snapshot
}

func TestSnapshotShowsCollectionsAndAllocationsSinceTheLastOne(t *testing.T) {
	before := snapshotOf(t, &Counters{})
	const size = 10 << 20
	kept := make([]byte, size)
	runtime.GC()
	after := snapshotOf(t, &Counters{})
	runtime.KeepAlive(kept)
	if grown := after.Runtime.AllocBytes - before.Runtime.AllocBytes; grown < size {
		t.Errorf("%d bytes allocated, want at least %d", grown, size)
	}
	if after.Runtime.GCCycles <= before.Runtime.GCCycles {
		t.Errorf("cycles went from %d to %d over a collection", before.Runtime.GCCycles, after.Runtime.GCCycles)
	}
	if after.Runtime.HeapLiveBytes < size {
		t.Errorf("%d bytes live, want at least %d", after.Runtime.HeapLiveBytes, size)
	}
	if total(after.Runtime.GCPauses) <= total(before.Runtime.GCPauses) {
		t.Error("the collection left no pause")
	}
	if after.Runtime.GCCPUSeconds <= 0 || after.Runtime.Goroutines == 0 {
		t.Errorf("gc cpu %g s, %d goroutines", after.Runtime.GCCPUSeconds, after.Runtime.Goroutines)
	}
}

func total(histogram Histogram) (sum uint64) {
	for _, count := range histogram.Counts {
		sum += count
	}
	return sum
}

func TestSnapshotShowsWitnessCounters(t *testing.T) {
	counters := &Counters{}
	counters.Requests.Add(3)
	counters.PoolHits.Add(2)
	witness := snapshotOf(t, counters).Witness
	// How this test was built is as true of it as of any binary.
	if witness != (Witness{Requests: 3, PoolHits: 2, BuiltWithRace: build.withRace, BuiltUnoptimised: build.unoptimised}) {
		t.Errorf("got %+v", witness)
	}
}

func TestCompactKeepsTheLowerEdgeOfEveryBucketThatCounts(t *testing.T) {
	infinity := math.Inf(1)
	full := &metrics.Float64Histogram{
		Buckets: []float64{0, 1e-9, 2e-9, 3e-9, 4e-9, 5e-9, infinity},
		Counts:  []uint64{0, 0, 0, 7, 0, 0},
	}
	want := `{"upperNs":[3,4,null],"counts":[0,7,0]}`
	if got, _ := json.Marshal(compact(full)); string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCompactLosesNoCount(t *testing.T) {
	reader := newRuntimeReader()
	runtime.GC()
	snapshot := reader.read()
	var full uint64
	for _, count := range reader.samples[schedLatency].Value.Float64Histogram().Counts {
		full += count
	}
	if got := total(snapshot.SchedLatency); got != full {
		t.Errorf("%d latencies, the runtime counted %d", got, full)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	handler := Handler("outbound", &Counters{})
	request := httptest.NewRequest("GET", "/snapshot", nil)
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
}
