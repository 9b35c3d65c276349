package loadgen

import (
	"math"
	"math/rand/v2"
)

// scheduleStream separates our use of a seed from anybody else's.
const scheduleStream = 0x6d657368_6d61726b

// appendSchedule appends the intended send times of one open slice, in ns from its origin, warm-up and measured part
// without a seam: every time t with 0 ≤ t < totalNs.
//
// Constant arrivals fall at i/rate exactly (rounded to 1 ns, without accumulating the rounding). Poisson arrivals have
// exponential gaps of mean 1/rate, drawn from a PCG generator seeded with seed. Bursts are constant arrivals at
// rate/burst of so many requests at once.
func appendSchedule(to []int64, spec sliceSpec, totalNs int64) []int64 {
	meanGap := 1e9 / spec.RatePerSecond
	together := 1
	switch spec.Arrivals {
	case arrivalsPoisson:
		random := rand.New(rand.NewPCG(spec.Seed, scheduleStream))
		for at := random.ExpFloat64() * meanGap; at < float64(totalNs); at += random.ExpFloat64() * meanGap {
			to = append(to, int64(at))
		}
		return to
	case arrivalsBursts:
		together = spec.Burst
	case arrivalsRamp:
		return appendRamp(to, spec, totalNs)
	}
	for i := 0; ; i += together {
		at := int64(math.Round(float64(i) * meanGap))
		if at >= totalNs {
			return to
		}
		for range together {
			to = append(to, at)
		}
	}
}

// appendRamp appends a schedule whose rate rises or falls evenly over the measured part, from FromRatePerSecond, which the
// warm-up keeps to, to RatePerSecond: request i is due when the integral of the rate is i.
func appendRamp(to []int64, spec sliceSpec, totalNs int64) []int64 {
	from, rising := spec.FromRatePerSecond, spec.RatePerSecond-spec.FromRatePerSecond
	warmup, length := spec.WarmupMs/1e3, spec.DurationMs/1e3
	for i := 0; ; i++ {
		seconds := float64(i) / from
		if seconds > warmup && rising != 0 {
			// from·t + rising/(2·length)·t² = i − from·warmup, and t is the root that is 0 at 0; written so that a small rise
			// does not divide by itself.
			left := float64(i) - from*warmup
			under := from*from + 2*rising*left/length
			if under < 0 {
				return to // A fall to nearly 0 whose integral ends before i.
			}
			seconds = warmup + 2*left/(from+math.Sqrt(under))
		}
		at := int64(math.Round(seconds * 1e9))
		if at >= totalNs {
			return to
		}
		to = append(to, at)
	}
}
