package duties

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"meshmark/dataplane/internal/admin"
)

func TestEachLatencyLiesBelowItsBucketsBoundAndNotBelowTheOneBefore(t *testing.T) {
	last := -1
	for latencyNs := int64(0); latencyNs < 1<<longestBits; latencyNs += 1 + latencyNs/37 {
		index := bucket(latencyNs)
		if index < last || index >= buckets-1 {
			t.Fatalf("%d ns in bucket %d after %d", latencyNs, index, last)
		}
		last = index
		if upper := upperNs(index); latencyNs >= upper || float64(upper) > float64(latencyNs)*17/16+1 {
			t.Fatalf("%d ns in bucket %d below %d", latencyNs, index, upper)
		}
		if index > 0 && latencyNs < upperNs(index-1) {
			t.Fatalf("%d ns in bucket %d, but the one before reaches %d", latencyNs, index, upperNs(index-1))
		}
	}
	if last != buckets-2 || bucket(1<<longestBits-1) != buckets-2 {
		t.Errorf("the longest latencies are in bucket %d of %d", last, buckets)
	}
	for _, longNs := range []int64{1 << longestBits, math.MaxInt64} {
		if bucket(longNs) != buckets-1 || upperNs(buckets-1) != -1 {
			t.Errorf("%d ns in bucket %d", longNs, bucket(longNs))
		}
	}
	if bucket(-5) != 0 {
		t.Error("a clock that went back")
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, options := range []Options{
		{RetryBudget: -0.1}, {RetryBudget: 1.1}, {RetryBudget: math.NaN()}, {Timeout: -1},
		{AccessLogFile: filepath.Join(os.DevNull, "none")},
	} {
		if duties, err := New(options, &admin.Counters{}); err == nil {
			_ = duties.Close()
			t.Errorf("%+v was accepted", options)
		}
	}
}
