package duties

import (
	"math/rand/v2"
	"sync"
	"testing"

	"meshmark/dataplane/internal/clock"
)

func nowNs() int64 { return clock.MonotonicNs() }

func TestRetriesNeverExceedTheirShareOfAnyWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	budget := newRetryBudget(0.2)
	type event struct {
		second int64
		retry  bool
	}
	var events []event
	taken := 0
	for at := int64(0); at < 200*slotNs; at += random.Int64N(slotNs / 10) {
		budget.request(at)
		events = append(events, event{at / slotNs, false})
		// Bursts of failures, with quiet between them.
		for range random.IntN(3) * int(at/slotNs/20%2) {
			if !budget.take(at) {
				continue
			}
			taken++
			events = append(events, event{at / slotNs, true})
			requests, retries := 0, 0
			for _, past := range events {
				if past.second <= at/slotNs-windowSlots {
					continue
				}
				if past.retry {
					retries++
				} else {
					requests++
				}
			}
			if float64(retries) > 0.2*float64(requests) {
				t.Fatalf("%d retries of %d requests in the window at %d", retries, requests, at/slotNs)
			}
		}
	}
	if taken < len(events)/20 {
		t.Errorf("only %d retries of %d", taken, len(events))
	}
}

func TestTheBudgetIsUsedUpByRetriesAndComesBackWithTime(t *testing.T) {
	budget := newRetryBudget(0.2)
	if budget.take(0) {
		t.Error("a retry without any request")
	}
	for range 10 {
		budget.request(0)
	}
	if !budget.take(0) || !budget.take(0) || budget.take(0) {
		t.Error("ten requests do not give two retries")
	}
	later := int64(windowSlots * slotNs)
	if budget.take(later) {
		t.Error("requests count that are no longer in the window")
	}
	for range 5 {
		budget.request(later)
	}
	if !budget.take(later) || budget.take(later) {
		t.Error("old retries count against new requests, or do not end")
	}
}

func TestRequestsOfManyGoroutinesAreAllInTheBudget(t *testing.T) {
	budget := newRetryBudget(0.2)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for index := range int64(5000) {
				budget.request(index * slotNs / 1000)
			}
		})
	}
	all.Wait()
	taken := 0
	for budget.take(4999 * slotNs / 1000) {
		taken++
	}
	if taken != 8000 {
		t.Errorf("%d retries of 40000 requests", taken)
	}
}
