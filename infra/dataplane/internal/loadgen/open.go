package loadgen

import (
	"runtime"
	"sync"
	"time"
)

// openLoop sends requests at the times of a schedule, whatever the answers do.
//
// One pacing thread sleeps until a request is due and writes it itself on a free connection, so that no wake-up of a
// goroutine lies between the intended and the real time. Readers, one a connection, take the answers and give the
// connection back. When none is free the request waits, and the reader that frees one first sends it.
type openLoop struct {
	run      *run
	schedule []int64 // Intended times from origin.
	warmupNs int64
	origin   int64

	mu   sync.Mutex
	free []*conn // Oldest first, so that all connections take their turn.
	due  int     // Requests that have come due.
	next int     // The oldest of them that has not been sent or given up.

	outstanding int // Requests of the schedule that have not ended.
	finished    chan struct{}
	isFinished  bool
}

func newOpenLoop(r *run) *openLoop {
	spec := r.spec
	l := &openLoop{run: r, warmupNs: int64(spec.WarmupMs * 1e6), finished: make(chan struct{})}
	total := l.warmupNs + int64(spec.DurationMs*1e6)
	expected := int(max(spec.RatePerSecond, spec.FromRatePerSecond)*float64(total)/1e9*1.05) + 100 + spec.Burst
	l.schedule = spec.Share.keep(appendSchedule(make([]int64, 0, expected), spec, total), spec)
	l.outstanding = len(l.schedule)
	return l
}

func (l *openLoop) execute() {
	r := l.run
	var reading, pacing sync.WaitGroup
	for _, c := range r.target.conns {
		switch {
		case r.target.anew:
			select {
			case <-c.handed: // Left by a slice that was broken off.
			default:
			}
			l.free = append(l.free, c)
			reading.Go(func() { l.connectForEach(c) })
			continue
		case c.nc != nil:
			l.free = append(l.free, c)
		}
		reading.Go(func() { l.read(c) })
	}
	pacing.Go(l.pace)
	if len(l.schedule) > 0 {
		select {
		case <-l.finished:
		case <-r.ctx.Done():
		}
	}
	pacing.Wait()
	r.readClocks(edgeEnd)
	r.endedAt = r.clk.now()

	l.mu.Lock()
	l.isFinished = true
	l.mu.Unlock()
	r.cancel()
	for _, c := range r.target.conns {
		c.interrupt()
	}
	idle := make(chan struct{})
	go func() {
		reading.Wait()
		close(idle)
	}()
	// A reader that was opening its connection missed the interruption: again until all are back.
	for waiting := true; waiting; {
		select {
		case <-idle:
			waiting = false
		case <-time.After(time.Millisecond):
			for _, c := range r.target.conns {
				c.interrupt()
			}
		}
	}
	for _, c := range r.target.conns {
		c.resume()
	}
}

// pace sends the schedule. It keeps its thread to the end and lets it die then, because the thread's timer and priority
// are set for pacing.
func (l *openLoop) pace() {
	runtime.LockOSThread()
	r := l.run
	sleeper := newSleeper(r.clk)
	const lead = int64(200 * time.Microsecond) // For the readers to reach their sockets.
	sleeper.until(r.startDue-lead, &r.aborted)
	l.origin = max(r.clk.now()+lead, r.startDue)
	r.begunAt(l.origin)
	r.readClocks(edgeWarmup)
	started := false
	begin := func() {
		sleeper.until(l.origin+l.warmupNs, &r.aborted)
		r.readClocks(edgeStart)
		r.startedAt = l.origin + l.warmupNs
		started = true
	}
	for index, offset := range l.schedule {
		if !started && offset >= l.warmupNs {
			begin()
		}
		sleeper.until(l.origin+offset, &r.aborted)
		if r.aborted.Load() {
			return
		}
		l.mu.Lock()
		l.due = index + 1
		var c *conn
		if l.next == index && len(l.free) > 0 {
			c = l.free[0]
			l.free = l.free[1:]
			l.next++
		} else if offset >= l.warmupNs {
			r.connectionWaits++
		}
		l.mu.Unlock()
		switch {
		case c == nil:
		case r.target.anew:
			c.handed <- index // It has room: a free connection has taken what it was handed before.
		default:
			c.send(r.clk, int64(index), l.origin+offset, r.target.timeoutNs)
		}
	}
	if !started {
		begin()
	}
	// The slice lasts as long as it was asked to, even if its last request is answered before that.
	sleeper.until(l.origin+l.warmupNs+int64(r.spec.DurationMs*1e6), &r.aborted)
}

// read takes the answers of one connection until the slice ends.
func (l *openLoop) read(c *conn) {
	r := l.run
	for {
		if c.nc == nil {
			if !l.reopen(c) {
				return
			}
			l.release(c)
		}
		found := c.receive()
		state := c.expires.Swap(0)
		if state == 0 {
			if l.retire(c) {
				if l.over() {
					if !c.idleSinceInterrupt() {
						c.close()
					}
					return
				}
				c.close() // The server ended an idle connection: no request has failed.
				continue
			}
			// The pacing thread has taken it in this moment; the request it is sending fails with the connection.
			for state == 0 {
				runtime.Gosched()
				state = c.expires.Swap(0)
			}
			found = answer{outcome: failedReset, close: true, residenceNs: -1}
		}
		index := int(c.index)
		end, counted := r.settle(c, found, state)
		if !counted {
			return
		}
		end.measured = l.schedule[index] >= l.warmupNs
		r.rec.add(end)
		open := c.nc != nil
		l.complete(1)
		if open {
			l.release(c)
		}
		if l.over() && !open {
			return
		}
	}
}

// idleSinceInterrupt reports whether nothing but the interruption ended the wait, so that the connection may live on.
func (c *conn) idleSinceInterrupt() bool {
	c.resume()
	return c.idleIsSound()
}

// reopen connects until it succeeds or the slice is over.
func (l *openLoop) reopen(c *conn) bool {
	for !l.run.reopen(c) {
		if !pause(redialEvery, l.run.ctx.Done()) {
			return false
		}
	}
	return true
}

// release gives a connection its next request if one waits, and frees it otherwise.
func (l *openLoop) release(c *conn) {
	if index, waiting := l.nextFor(c); waiting {
		c.send(l.run.clk, int64(index), l.origin+l.schedule[index], l.run.target.timeoutNs)
	}
}

// nextFor returns the oldest request that waits for a connection; where none does, the connection is free from then on.
func (l *openLoop) nextFor(c *conn) (index int, waiting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == l.due || l.run.aborted.Load() {
		l.free = append(l.free, c)
		return 0, false
	}
	l.next++
	return l.next - 1, true
}

// retire takes a connection out of the free ones; false when it was not among them.
func (l *openLoop) retire(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, one := range l.free {
		if one == c {
			l.free = append(l.free[:i:i], l.free[i+1:]...)
			return true
		}
	}
	return false
}

func (l *openLoop) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isFinished || l.run.aborted.Load()
}

func (l *openLoop) complete(count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outstanding -= count
	if l.outstanding == 0 && count > 0 {
		close(l.finished)
	}
}

// sweep gives up the requests that have waited for a connection until their limit: for want of a connection at all, or
// because all were busy.
func (l *openLoop) sweep(now int64) {
	r := l.run
	cause := failedTimeout
	if r.target.open.Load() == 0 && (!r.target.anew || r.unreachable()) {
		cause = failedConnect
	}
	given := 0
	l.mu.Lock()
	first := l.next
	for l.next < l.due && l.origin+l.schedule[l.next]+r.target.timeoutNs <= now {
		l.next++
		given++
	}
	l.mu.Unlock()
	for index := first; index < first+given; index++ {
		r.rec.add(ending{
			outcome: cause, measured: l.schedule[index] >= l.warmupNs,
			intendedAt: l.origin + l.schedule[index], endedAt: now, timeoutNs: r.target.timeoutNs, residenceNs: -1,
		})
	}
	l.complete(given)
}
