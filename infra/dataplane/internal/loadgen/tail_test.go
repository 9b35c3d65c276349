package loadgen

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTheTailHasTheSlowestInTheOrderOfTheirEnds(t *testing.T) {
	const requests = 5000
	random := rand.New(rand.NewPCG(1, 2))
	var kept tail
	all := make([]int64, requests)
	for i := range all {
		all[i] = random.Int64N(1e9)
		kept.offer(int64(i)*1000, all[i])
	}
	event := kept.told(requests, 0, requests*1000, func(at int64) int64 { return at / 1000 })
	if len(event.Requests) != 2*requests/50 || !event.Complete {
		t.Fatalf("%d requests, complete %t", len(event.Requests), event.Complete)
	}
	slices.Sort(all)
	threshold := all[requests-requests/50]
	for i := 0; i < len(event.Requests); i += 2 {
		if latency := event.Requests[i+1]; latency < threshold {
			t.Errorf("%d ns is not among the slowest, which begin at %d ns", latency, threshold)
		}
		if i > 0 && event.Requests[i] < event.Requests[i-2] {
			t.Errorf("request %d ended before the one before it", i/2)
		}
	}
}

func TestTheTailIsBoundedAndSaysSo(t *testing.T) {
	var kept tail
	const requests = 1_000_000
	for i := range int64(requests) {
		kept.offer(i, i)
	}
	event := kept.told(requests, 0, requests, func(at int64) int64 { return at })
	if len(event.Requests) != 2*mostTail || event.Complete || event.Requests[1] != requests-mostTail {
		t.Errorf("%d requests, complete %t, from %d ns", len(event.Requests)/2, event.Complete, event.Requests[1])
	}
	kept.reset()
	if event := kept.told(0, 0, 0, func(at int64) int64 { return at }); len(event.Requests) != 0 {
		t.Errorf("%d requests after a reset", len(event.Requests))
	}
}
