package loadgen

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// slowReadsPerSecond of a slow client take what its rate allows, piece by piece.
	slowReadsPerSecond = 50
	// A slow client's receive buffer holds a quarter of a second, within these bounds.
	leastReceiveBuffer = 8 << 10
	mostReceiveBuffer  = 256 << 10
	// slowPlaces is where the requests of slow clients begin in the draw from a mix, beyond any slice's own.
	slowPlaces = 1 << 40
)

var errSlowEnded = errors.New("the slow client has ended")

// pacing has a connection read no faster than its rate: by a time t since the first byte it has read at most rate × t and
// one piece.
type pacing struct {
	bytesPerSecond float64
	piece          int
	receiveBuffer  int
	// due is when the next piece may be read.
	due  time.Time
	stop <-chan struct{}
}

func newPacing(bytesPerSecond float64) *pacing {
	return &pacing{
		bytesPerSecond: bytesPerSecond,
		piece:          max(1, int(bytesPerSecond/slowReadsPerSecond)),
		receiveBuffer:  min(max(int(bytesPerSecond/4), leastReceiveBuffer), mostReceiveBuffer),
	}
}

// wait returns when the next piece may be read, or false once the client ends.
func (p *pacing) wait() bool {
	if early := time.Until(p.due); early > 0 {
		return pause(early, p.stop)
	}
	return true
}

// took counts what was read against the rate.
func (p *pacing) took(bytes int) {
	if now := time.Now(); p.due.Before(now) {
		p.due = now
	}
	p.due = p.due.Add(time.Duration(float64(bytes) / p.bytesPerSecond * 1e9))
}

// narrow makes a socket's receive buffer small before it is connected, so that what a slow client has not read stays with
// whoever sends it.
func (p *pacing) narrow(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, p.receiveBuffer)
	})
	return errors.Join(err, failed)
}

// slowCounts are what the slow clients of a target came to.
type slowCounts struct {
	// Sent are the requests that went out, from the warm-up's begin.
	Sent int64 `json:"sent"`
	// Requests are those whose answer ended in the measured part, whole.
	Requests int64 `json:"requests"`
	// Failed are those that ended otherwise there, and connections that could not be had.
	Failed        int64 `json:"failed"`
	BytesReceived int64 `json:"bytesReceived"`
}

// slowClients are a target's clients that read slowly. Each asks again as soon as it has read its answer, beside whatever
// the slice sends on the other connections, and is no part of the slice's own figures.
type slowClients struct {
	conns  []*conn
	anew   bool
	clk    clock
	cancel context.CancelFunc
	places atomic.Int64
	work   sync.WaitGroup

	sent, requests, failed, bytes atomic.Int64
	atStart                       slowCounts
	atEnd                         slowCounts
}

// beginSlow starts the slow clients of a slice; nil where there are none, or where nothing may be under way at its edges.
func beginSlow(r *run) *slowClients {
	if len(r.target.slow) == 0 || r.spec.Requests > 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &slowClients{conns: r.target.slow, anew: r.target.anew, clk: r.clk, cancel: cancel}
	s.places.Store(slowPlaces)
	for _, c := range s.conns {
		c.pacing.stop = ctx.Done()
		s.work.Go(func() { s.serve(ctx, c) })
	}
	return s
}

func (s *slowClients) serve(ctx context.Context, c *conn) {
	for ctx.Err() == nil {
		if c.nc == nil {
			if err := c.open(ctx); err != nil {
				if ctx.Err() == nil {
					s.failed.Add(1)
				}
				pause(redialEvery, ctx.Done())
				continue
			}
		}
		c.index = s.places.Add(1)
		c.sentAt = s.clk.now()
		c.transmit(never)
		s.sent.Add(1)
		found := c.receive()
		c.expires.Store(0)
		whole := found.outcome == answered || found.outcome == failedStatus
		switch {
		case whole:
			s.requests.Add(1)
			s.bytes.Add(found.bytes)
		case ctx.Err() == nil:
			s.failed.Add(1)
		}
		if !whole || found.close || s.anew {
			c.closeAtOnce()
		} else {
			c.remainder.Wait()
		}
	}
	// Half an answer lies in it, so that the next slice needs another.
	c.closeAtOnce()
}

// mark keeps what the clients have come to at the edges of the measured part.
func (s *slowClients) mark(at edge) {
	if s == nil {
		return
	}
	now := slowCounts{
		Sent: s.sent.Load(), Requests: s.requests.Load(), Failed: s.failed.Load(), BytesReceived: s.bytes.Load(),
	}
	switch at {
	case edgeStart:
		s.atStart = now
	case edgeEnd:
		s.atEnd = now
	}
}

// end has every client break off what it reads.
func (s *slowClients) end() {
	if s == nil {
		return
	}
	s.cancel()
	ended := make(chan struct{})
	go func() {
		s.work.Wait()
		close(ended)
	}()
	for {
		for _, c := range s.conns {
			c.interrupt()
		}
		select {
		case <-ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// counts are nil where there are no slow clients.
func (s *slowClients) counts() *slowCounts {
	if s == nil {
		return nil
	}
	return &slowCounts{
		Sent:          s.atEnd.Sent,
		Requests:      s.atEnd.Requests - s.atStart.Requests,
		Failed:        s.atEnd.Failed - s.atStart.Failed,
		BytesReceived: s.atEnd.BytesReceived - s.atStart.BytesReceived,
	}
}

// checkSlow refuses slow clients that cannot be had.
func checkSlow(spec targetSpec) error {
	switch {
	case spec.SlowConnections == 0 && spec.SlowReadBytesPerSecond == 0:
		return nil
	case spec.SlowConnections < 1 || spec.SlowConnections >= spec.Connections:
		return errors.New("slowConnections must lie between 1 and one less than connections")
	case !(spec.SlowReadBytesPerSecond >= 1) || spec.SlowReadBytesPerSecond > 1<<40:
		return errors.New("slowReadBytesPerSecond must lie between 1 and 2^40")
	}
	return nil
}
