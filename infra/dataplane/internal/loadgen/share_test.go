package loadgen

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestTheSharesOfAScheduleAreThatSchedulePutTogether(t *testing.T) {
	specs := map[string]sliceSpec{
		"constant": {RatePerSecond: 1000, Arrivals: arrivalsConst},
		"poisson":  {RatePerSecond: 1000, Arrivals: arrivalsPoisson, Seed: 7},
		"bursts":   {RatePerSecond: 1000, Arrivals: arrivalsBursts, Burst: 50},
		"ramp":     {RatePerSecond: 1000, Arrivals: arrivalsRamp, FromRatePerSecond: 100, WarmupMs: 100, DurationMs: 1900},
	}
	for name, spec := range specs {
		for _, of := range []int{1, 3, 4} {
			whole := appendSchedule(nil, spec, 2e9)
			var together []int64
			for place := range of {
				one := &share{Place: place, Of: of}
				own := one.keep(appendSchedule(nil, spec, 2e9), spec)
				if want := float64(len(whole)) / float64(of); math.Abs(float64(len(own))-want) > 5*math.Sqrt(want) {
					t.Errorf("%s: share %d of %d has %d of %d requests", name, place, of, len(own), len(whole))
				}
				together = append(together, own...)
			}
			slices.Sort(together)
			if !slices.Equal(together, whole) {
				t.Errorf("%s: %d shares make %d requests, not the %d of the schedule", name, of, len(together), len(whole))
			}
		}
	}
}

func TestEachShareOfPoissonArrivalsIsPoisson(t *testing.T) {
	const rate, seconds, of = 8000, 10, 4
	spec := sliceSpec{RatePerSecond: rate, Arrivals: arrivalsPoisson, Seed: 11}
	for place := range of {
		one := &share{Place: place, Of: of}
		own := one.keep(appendSchedule(nil, spec, seconds*1e9), spec)
		gaps := make([]float64, 0, len(own))
		for i := 1; i < len(own); i++ {
			gaps = append(gaps, float64(own[i]-own[i-1]))
		}
		if distance, limit := exponentialDistance(gaps, of*1e9/rate), ksCritical/math.Sqrt(float64(len(gaps))); distance > limit {
			t.Errorf("share %d: distance %.4f of %d gaps, want at most %.4f", place, distance, len(gaps), limit)
		}
	}
}

func TestASliceBeginsAtTheMomentThatItsOrderNames(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, spec := range map[string]sliceSpec{
		"open":    {Target: "t", Model: modelOpen, RatePerSecond: 100, Arrivals: arrivalsConst, DurationMs: 50, WarmupMs: 20},
		"timed":   {Target: "t", Model: modelClosed, DurationMs: 50, WarmupMs: 20},
		"counted": {Target: "t", Model: modelClosed, Requests: 20, WarmupRequests: 10},
	} {
		s := startSession(t)
		s.targets(targetAt(address, 2, 2000))
		s.say(`{"id":9,"op":"clock"}`)
		told := s.event()
		if told["event"] != "clock" || told["id"] != 9.0 {
			t.Fatalf("asked for its clock, the engine said %v", told)
		}
		spec.StartAtMicros = int64(told["atMicros"].(float64)) + 60_000
		event := s.run(spec)[0]
		if event.StartedAtMicros < spec.StartAtMicros || event.LateMicros == nil || *event.LateMicros < 0 {
			t.Errorf("%s: measured from %d, %v µs late, its start was %d", name, event.StartedAtMicros, event.LateMicros, spec.StartAtMicros)
		}
		spec.StartAtMicros -= int64(time.Minute / time.Microsecond)
		event = s.run(spec)[0]
		if event.LateMicros == nil || *event.LateMicros < 50_000_000 || event.Failed != nil {
			t.Errorf("%s: a start a minute ago was missed by %v µs, failed %q", name, event.LateMicros, failureOf(event))
		}
	}
}

func TestASliceWithoutAStartTellsNoLateness(t *testing.T) {
	s := startSession(t)
	s.targets(targetAt(serve(t, func(http.ResponseWriter, *http.Request) {}), 1, 2000))
	if event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 3})[0]; event.LateMicros != nil {
		t.Errorf("%d µs late", *event.LateMicros)
	}
}

func TestASliceThatWaitsForItsStartCanBeStopped(t *testing.T) {
	s := startSession(t)
	s.targets(targetAt(serve(t, func(http.ResponseWriter, *http.Request) {}), 1, 2000))
	ahead := time.Now().Add(30 * time.Second).UnixMicro()
	s.say(fmt.Sprintf(`{"id":2,"op":"slices","slices":[{"target":"t","model":"closed","requests":3,"startAtMicros":%d}]}`, ahead))
	s.say(`{"id":3,"op":"stop"}`)
	// A slice that had not been taken up yet is dropped without an event.
	for event := s.event(); event["event"] != "done"; event = s.event() {
		if event["failed"] != "stopped" || event["requests"] != 0.0 {
			t.Errorf("the slice that was stopped told %v", event)
		}
	}
	if time.Now().UnixMicro() >= ahead {
		t.Error("it was waited for the start of a slice that was stopped")
	}
}

func TestAShareThatIsNoneIsRefused(t *testing.T) {
	for _, one := range []share{{Place: 0, Of: 0}, {Place: 4, Of: 4}, {Place: -1, Of: 4}} {
		spec := sliceSpec{Model: modelClosed, Requests: 1, Share: &one}
		if spec.check() == nil {
			t.Errorf("%+v was taken", one)
		}
	}
}

func TestSharesOfASliceDrawDifferentRequestsOfAMix(t *testing.T) {
	seen := map[uint64]bool{}
	for place := range 100 {
		one := &share{Place: place, Of: 100}
		seen[one.seed(7)] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d seeds of 100", len(seen))
	}
}
