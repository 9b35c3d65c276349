package loadgen

import "time"

// exchangeAnew opens c for one request, waits for the answer and closes it. Connecting is within the request's time,
// over HTTP/2 without a wait for the server's settings, as clients do. counted is false for a request that was broken
// off because the slice is ended.
//
// The connection is closed by this side, at once and without TIME_WAIT (see leaveNoTimeWait). So a port is free again as soon
// as its answer has come, and no rate uses up the 28,000 or so that the kernel has for one server; waiting out each
// TIME_WAIT would hold it to some 470 connections a second.
func (r *run) exchangeAnew(c *conn, index int64, intendedAt int64) (end ending, counted bool) {
	sentAt := r.clk.now()
	expiresAt := intendedAt + r.target.timeoutNs
	end = ending{outcome: failedTimeout, intendedAt: intendedAt, endedAt: sentAt, timeoutNs: r.target.timeoutNs, residenceNs: -1}
	if sentAt >= expiresAt {
		return end, true
	}
	err := c.connect(r.ctx, min(time.Duration(expiresAt-sentAt), dialTimeout))
	r.dialled(err)
	if err != nil {
		if end.endedAt = r.clk.now(); end.endedAt < expiresAt {
			end.outcome = failedConnect
		}
		return end, !r.aborted.Load()
	}
	c.index, c.intendedAt, c.sentAt = index, intendedAt, sentAt
	c.transmit(expiresAt)
	found := c.receive()
	if found.outcome == answered || found.outcome == failedStatus {
		found.close = false // It is closed below in any case, and later than the answer's end is taken.
	}
	end, counted = r.settle(c, found, c.expires.Swap(0))
	c.closeAtOnce()
	return end, counted
}

// connectForEach serves the requests of the schedule that are handed to c, a connection each, until the slice ends. It
// does so on a goroutine of its own, because connecting would hold the pacing thread up.
func (l *openLoop) connectForEach(c *conn) {
	r := l.run
	for {
		var index int
		select {
		case index = <-c.handed:
		case <-r.ctx.Done():
			return
		}
		for waiting := true; waiting; index, waiting = l.nextFor(c) {
			end, counted := r.exchangeAnew(c, int64(index), l.origin+l.schedule[index])
			if !counted {
				return
			}
			end.measured = l.schedule[index] >= l.warmupNs
			r.rec.add(end)
			l.complete(1)
		}
	}
}
