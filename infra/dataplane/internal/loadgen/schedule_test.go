package loadgen

import (
	"math"
	"slices"
	"testing"
)

// ksCritical is the 99.9 % point of Kolmogorov's distribution (Smirnov, "Table for estimating the goodness of fit of
// empirical distributions", 1948): a sample of n true ones exceeds ksCritical/√n once in a thousand times.
const ksCritical = 1.9495

// exponentialDistance is the Kolmogorov–Smirnov distance between the gaps and the exponential distribution of that mean.
func exponentialDistance(gaps []float64, mean float64) float64 {
	slices.Sort(gaps)
	n := float64(len(gaps))
	distance := 0.0
	for i, gap := range gaps {
		expected := 1 - math.Exp(-gap/mean)
		distance = max(distance, expected-float64(i)/n, float64(i+1)/n-expected)
	}
	return distance
}

func TestPoissonArrivalsHaveExponentialGaps(t *testing.T) {
	const rate, requests = 1000, 10_000
	for seed := range uint64(20) {
		spec := sliceSpec{RatePerSecond: rate, Arrivals: arrivalsPoisson, Seed: seed}
		schedule := appendSchedule(nil, spec, requests*1e9/rate)
		gaps := make([]float64, len(schedule))
		for i, at := range schedule {
			gaps[i] = float64(at)
			if i > 0 {
				gaps[i] -= float64(schedule[i-1])
			}
		}
		if distance, limit := exponentialDistance(gaps, 1e9/rate), ksCritical/math.Sqrt(float64(len(gaps))); distance > limit {
			t.Errorf("seed %d: distance %.4f of %d gaps, want at most %.4f", seed, distance, len(gaps), limit)
		}
	}
}

func TestTheDistanceTellsOtherArrivalsFromPoisson(t *testing.T) {
	schedule := appendSchedule(nil, sliceSpec{RatePerSecond: 1000, Arrivals: arrivalsConst}, 1e9)
	gaps := make([]float64, 0, len(schedule))
	for i := 1; i < len(schedule); i++ {
		gaps = append(gaps, float64(schedule[i]-schedule[i-1]))
	}
	if distance := exponentialDistance(gaps, 1e6); distance < 0.3 {
		t.Errorf("distance %.3f of constant gaps", distance)
	}
}

func TestARampsRateRisesEvenlyFromTheWarmUpOn(t *testing.T) {
	spec := sliceSpec{Arrivals: arrivalsRamp, FromRatePerSecond: 100, RatePerSecond: 500, WarmupMs: 1000, DurationMs: 4000}
	schedule := appendSchedule(nil, spec, 5e9)
	// 100 in the warm-up, and 4 s at 300/s on average.
	if got := len(schedule); got < 1299 || got > 1301 {
		t.Fatalf("%d requests, want 1,300", got)
	}
	if !slices.IsSorted(schedule) {
		t.Error("the schedule is not in order")
	}
	between := func(from, to float64) (count int) {
		for _, at := range schedule {
			if float64(at) >= from*1e9 && float64(at) < to*1e9 {
				count++
			}
		}
		return count
	}
	for _, part := range []struct {
		from, to float64
		want     int
	}{{0, 1, 100}, {1, 2, 150}, {2, 3, 250}, {3, 4, 350}, {4, 5, 450}} {
		if got := between(part.from, part.to); got < part.want-1 || got > part.want+1 {
			t.Errorf("%d requests between %g and %g s, want %d", got, part.from, part.to, part.want)
		}
	}
	falling := sliceSpec{Arrivals: arrivalsRamp, FromRatePerSecond: 500, RatePerSecond: 100, DurationMs: 4000}
	if got := len(appendSchedule(nil, falling, 4e9)); got < 1199 || got > 1201 {
		t.Errorf("%d requests of a falling ramp, want 1,200", got)
	}
	level := sliceSpec{Arrivals: arrivalsRamp, FromRatePerSecond: 100, RatePerSecond: 100, DurationMs: 1000}
	if got := len(appendSchedule(nil, level, 1e9)); got != 100 {
		t.Errorf("%d requests of a level ramp, want 100", got)
	}
}
