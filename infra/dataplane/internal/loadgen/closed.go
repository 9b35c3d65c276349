package loadgen

import (
	"sync"
	"sync/atomic"
	"time"
)

// countedLoop sends a fixed number of requests as fast as the connections allow, first the warm-up, then the measured
// ones, with nothing in flight at any edge.
type countedLoop struct{ run *run }

func (l *countedLoop) execute() {
	r := l.run
	r.begunAt(r.clk.now())
	r.readClocks(edgeWarmup)
	l.send(r.spec.WarmupRequests, false)
	r.startedAt = r.clk.now()
	r.readClocks(edgeStart)
	l.send(r.spec.Requests, true)
	r.readClocks(edgeEnd)
	r.endedAt = r.clk.now()
}

func (l *countedLoop) sweep(int64) {}

// send returns when count requests were answered or failed. Connections take the next request from one counter, so that
// a slow one does not hold back the rest.
func (l *countedLoop) send(count int64, measured bool) {
	var taken atomic.Int64
	before := int64(0)
	if measured {
		before = l.run.spec.WarmupRequests
	}
	var working sync.WaitGroup
	for _, c := range l.run.target.conns {
		working.Go(func() {
			for !l.run.aborted.Load() {
				place := taken.Add(1)
				if place > count {
					return
				}
				l.run.exchange(c, before+place-1, func(int64) bool { return measured })
			}
		})
	}
	working.Wait()
}

// exchange sends the request of that place in the slice on c and waits for its end. A closed connection is opened first, outside the request's
// time; one that cannot be opened is the request's failure, and is not tried again for a while.
func (r *run) exchange(c *conn, index int64, measured func(sentAt int64) bool) {
	if r.target.anew {
		begunAt := r.clk.now()
		end, counted := r.exchangeAnew(c, index, begunAt)
		if !counted {
			return
		}
		end.measured = measured(begunAt)
		r.rec.add(end)
		if end.outcome == failedConnect {
			pause(redialEvery, r.ctx.Done())
		}
		return
	}
	if c.nc == nil && !r.reopen(c) {
		if r.aborted.Load() {
			return
		}
		now := r.clk.now()
		r.rec.add(ending{outcome: failedConnect, measured: measured(now), intendedAt: now, endedAt: now})
		pause(redialEvery, r.ctx.Done())
		return
	}
	c.send(r.clk, index, 0, r.target.timeoutNs)
	found := c.receive()
	end, counted := r.settle(c, found, c.expires.Swap(0))
	if counted {
		end.measured = measured(end.sentAt)
		r.rec.add(end)
	}
}

// timedLoop sends for a length of time. Warm-up and measured part run into each other; a request belongs to the part in
// which it was sent.
type timedLoop struct {
	run        *run
	measuredAt atomic.Int64
	endAt      atomic.Int64
}

func newTimedLoop(r *run) *timedLoop {
	l := &timedLoop{run: r}
	l.measuredAt.Store(never)
	l.endAt.Store(never)
	return l
}

func (l *timedLoop) execute() {
	r := l.run
	measured := func(sentAt int64) bool { return sentAt >= l.measuredAt.Load() }
	r.begunAt(r.clk.now())
	r.readClocks(edgeWarmup)
	var taken atomic.Int64
	var working sync.WaitGroup
	for _, c := range r.target.conns {
		working.Go(func() {
			for !r.aborted.Load() && r.clk.now() < l.endAt.Load() {
				r.exchange(c, taken.Add(1)-1, measured)
				if r.spec.ThinkMs > 0 {
					pause(time.Duration(r.spec.ThinkMs*1e6), r.ctx.Done())
				}
			}
		})
	}
	pause(time.Duration(r.spec.WarmupMs*1e6), r.ctx.Done())
	r.readClocks(edgeStart)
	r.startedAt = r.clk.now()
	l.endAt.Store(r.startedAt + int64(r.spec.DurationMs*1e6))
	l.measuredAt.Store(r.startedAt)
	working.Wait()
	r.readClocks(edgeEnd)
	r.endedAt = r.clk.now()
}

func (l *timedLoop) sweep(int64) {}
