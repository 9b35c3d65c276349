package duties

import (
	"sync"
	"sync/atomic"
)

// The window that retries are bounded in slides by slots of a second.
const (
	windowSlots = 10
	slotNs      = 1_000_000_000
)

// retryBudget holds the retries of the last ten seconds to a share of the requests of the last ten seconds, so that a
// failing upstream is not buried under them. There is no allowance for few requests: with a share of 0.2, the first
// retry is possible once there were five requests.
type retryBudget struct {
	share float64
	// requests holds in each slot the second that it is of in the upper 32 bits and the requests of it in the lower.
	requests [windowSlots]atomic.Uint64
	// mutex guards retries, which are rare.
	mutex   sync.Mutex
	retries [windowSlots]struct {
		second uint32
		count  uint32
	}
}

func newRetryBudget(share float64) *retryBudget { return &retryBudget{share: share} }

// secondOf numbers the slots from 1, so that a slot never used is of none.
func secondOf(nowNs int64) uint32 { return uint32(nowNs/slotNs) + 1 }

// request counts one request.
func (b *retryBudget) request(nowNs int64) {
	second := secondOf(nowNs)
	slot := &b.requests[second%windowSlots]
	for {
		seen := slot.Load()
		next := uint64(second)<<32 | 1
		if uint32(seen>>32) == second {
			next = seen + 1
		}
		if slot.CompareAndSwap(seen, next) {
			return
		}
	}
}

// take counts a retry and returns true, or returns false if it would be one too many.
func (b *retryBudget) take(nowNs int64) bool {
	second := secondOf(nowNs)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var requests, retries uint64
	for index := range windowSlots {
		if seen := b.requests[index].Load(); inWindow(uint32(seen>>32), second) {
			requests += seen & (1<<32 - 1)
		}
		if slot := b.retries[index]; inWindow(slot.second, second) {
			retries += uint64(slot.count)
		}
	}
	if float64(retries+1) > b.share*float64(requests) {
		return false
	}
	slot := &b.retries[second%windowSlots]
	if slot.second != second {
		slot.second, slot.count = second, 0
	}
	slot.count++
	return true
}

// inWindow says whether a slot's second is one of the last ten.
func inWindow(slot, now uint32) bool { return slot != 0 && now-slot < windowSlots }

// AllowRetry says whether a request may be sent once more whose upstream could not be reached, or closed the connection
// before the first byte of its answer: its method must be idempotent, it must have no body, and the budget must allow
// it, which it is then charged to. nowNs is clock.MonotonicNs.
func (d *Duties) AllowRetry(method []byte, hasBody bool, nowNs int64) bool {
	return allowRetry(d, method, hasBody, nowNs)
}

func allowRetry[text string | []byte](d *Duties, method text, hasBody bool, nowNs int64) bool {
	if hasBody || !idempotent(method) || !d.budget.take(nowNs) {
		return false
	}
	d.counters.Retries.Add(1)
	return true
}

// idempotent methods are those of RFC 9110, section 9.2.2.
func idempotent[text string | []byte](method text) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
