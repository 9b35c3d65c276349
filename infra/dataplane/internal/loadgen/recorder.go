package loadgen

import "sync"

// recorder collects what the requests of one slice came to. One lock for all connections: it is held for about 100 ns a
// request, and the readers of a generator on one core hardly ever meet. A set of histograms per connection would be
// 1 MB each and push one another out of the cache that the service needs.
type recorder struct {
	mu sync.Mutex

	latency, sendLatency, sendLag, beyond histogram

	warmup   int64
	requests int64
	bytes    int64
	errors   errorCounts

	// tail and sends are kept where a slice is long, and where it asks for them.
	keepsTail bool
	tail      tail
	keepSends int
	sends     []int64
}

func (r *recorder) reset() {
	r.latency.reset()
	r.sendLatency.reset()
	r.sendLag.reset()
	r.beyond.reset()
	r.warmup, r.requests, r.bytes, r.errors = 0, 0, 0, errorCounts{}
	r.tail.reset()
	r.sends = r.sends[:0]
}

// ending is how one request ended. Times are readings of the engine's clock; sentAt is 0 for one that was never sent.
type ending struct {
	outcome     outcome
	measured    bool
	intendedAt  int64
	sentAt      int64
	endedAt     int64
	timeoutNs   int64
	bytes       int64
	residenceNs int64
}

func (r *recorder) add(e ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !e.measured {
		r.warmup++
		return
	}
	r.requests++
	r.bytes += e.bytes
	switch e.outcome {
	case failedStatus:
		r.errors.Status++
	case failedReset:
		r.errors.Reset++
	case failedProtocol:
		r.errors.Protocol++
	case failedConnect:
		r.errors.Connect++
	case failedTimeout:
		r.errors.Timeout++
		e.endedAt = e.intendedAt + e.timeoutNs // Its limit, whenever it was noticed.
	}
	if e.sentAt != 0 {
		r.sendLag.record(e.sentAt - e.intendedAt)
		if len(r.sends) < r.keepSends {
			r.sends = append(r.sends, e.sentAt)
		}
	}
	if e.outcome != answered && e.outcome != failedStatus && e.outcome != failedTimeout {
		return // Broken off: there is no time to record.
	}
	r.latency.record(e.endedAt - e.intendedAt)
	if r.keepsTail {
		r.tail.offer(e.endedAt, e.endedAt-e.intendedAt)
	}
	if e.sentAt == 0 {
		return
	}
	sendLatency := e.endedAt - e.sentAt
	r.sendLatency.record(sendLatency)
	if e.residenceNs >= 0 && e.outcome != failedTimeout {
		r.beyond.record(sendLatency - e.residenceNs)
	}
}
