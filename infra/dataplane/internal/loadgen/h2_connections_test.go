package loadgen

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

func TestAGracefulGoAwayCostsNoRequest(t *testing.T) {
	var accepted, served atomic.Int64
	address := serveH2(t, &accepted, nil, func(p *h2Peer) {
		for stream := p.request(); stream != 0; stream = p.request() {
			served.Add(1)
			if stream == 9 {
				_ = p.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
			}
			p.answer(stream)
			if stream == 9 {
				_ = p.WriteGoAway(9, http2.ErrCodeNo, nil)
			}
		}
	})
	s := startSession(t)
	s.targets(h2At(address, 1, 1000))
	for _, event := range s.run(closed20, open20) {
		if event.Requests != 20 || event.Errors != (errorCounts{}) {
			t.Errorf("%d requests, errors %+v", event.Requests, event.Errors)
		}
	}
	// The open loop may have replaced the last one already.
	if n := accepted.Load(); served.Load() != 40 || n < 8 || n > 9 {
		t.Errorf("%d requests on %d connections, of which each takes 5", served.Load(), n)
	}
}

func TestPingsAndSettingsBetweenRequestsAreAnsweredAndAGoAwayReplacesTheConnection(t *testing.T) {
	var accepted, pongs atomic.Int64
	address := serveH2(t, &accepted, nil, func(p *h2Peer) {
		for {
			frame, err := p.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.MetaHeadersFrame:
				p.answer(frame.StreamID)
				if frame.StreamID%8 == 7 { // Idle now, for all the server knows.
					_ = p.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 5})
					_ = p.WritePing(false, [8]byte{1, 2, 3})
				}
				if frame.StreamID == 39 {
					_ = p.WriteGoAway(39, http2.ErrCodeNo, nil)
					return
				}
			case *http2.PingFrame:
				if frame.IsAck() && frame.Data == [8]byte{1, 2, 3} {
					pongs.Add(1)
				}
			}
		}
	})
	s := startSession(t)
	s.targets(h2At(address, 1, 1000))
	four, open := closed20, open20
	four.Requests = 4
	open.RatePerSecond = 40
	for round := range 4 {
		for _, event := range s.run(four, open) {
			if event.Requests != 4 || event.Errors != (errorCounts{}) || event.Failed != nil {
				t.Errorf("round %d: %d requests, errors %+v, failed %q", round, event.Requests, event.Errors, failureOf(event))
			}
		}
	}
	// 32 requests: 20 on the first connection, 12 on the second; after every fourth a ping, but the one before the end.
	if accepted.Load() != 2 || pongs.Load() < 6 {
		t.Errorf("%d connections, %d pings answered", accepted.Load(), pongs.Load())
	}
}

func TestAnH2TimeoutIsCountedAtItsLimit(t *testing.T) {
	var accepted, served atomic.Int64
	address := serveH2(t, &accepted, nil, func(p *h2Peer) {
		for stream := p.request(); stream != 0; stream = p.request() {
			if served.Add(1)%10 != 5 {
				p.answer(stream)
			}
		}
	})
	for _, anew := range []bool{false, true} {
		s := startSession(t)
		spec := h2At(address, 4, 100)
		spec.ConnectionPerRequest = anew
		s.targets(spec)
		for _, slice := range []sliceSpec{
			{Target: "t", Model: modelClosed, Requests: 40},
			{Target: "t", Model: modelOpen, RatePerSecond: 100, Arrivals: arrivalsConst, DurationMs: 400},
		} {
			event := s.run(slice)[0]
			if event.Requests != 40 || event.Errors != (errorCounts{Timeout: 4}) {
				t.Errorf("%s: %d requests, errors %+v", slice.Model, event.Requests, event.Errors)
			}
			if top := decode(t, event.Latency).Max(); top < 100e6 || top > 100.2e6 {
				t.Errorf("%s: the highest latency is %d ns, the limit 100 ms", slice.Model, top)
			}
		}
		s.end()
	}
}

func TestStreamNumbersThatRunOutHaveTheConnectionReplaced(t *testing.T) {
	var accepted, highest atomic.Int64
	address := serveH2(t, &accepted, nil, func(p *h2Peer) {
		for stream := p.request(); stream != 0; stream = p.request() {
			highest.Store(max(highest.Load(), int64(stream)))
			p.answer(stream)
		}
	})
	made, err := newTarget(h2At(address, 1, 1000), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.openAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer made.closeAll()
	const left = 5
	h2 := made.conns[0].h2
	h2.sender.next, h2.receiver.awaited = lastStream-2*(left-1), lastStream-2*(left-1)
	for _, slice := range []sliceSpec{closed20, open20} {
		r := newRun(newClock(), made, slice, &recorder{})
		r.execute()
		if r.rec.requests != 20 || r.rec.errors != (errorCounts{}) {
			t.Errorf("%d requests, errors %+v", r.rec.requests, r.rec.errors)
		}
	}
	if accepted.Load() != 2 || highest.Load() != lastStream {
		t.Errorf("%d connections, highest stream %d", accepted.Load(), highest.Load())
	}
}

func TestAStopLeavesIdleH2ConnectionsInUse(t *testing.T) {
	var accepted atomic.Int64
	address := serveH2(t, &accepted, nil, func(p *h2Peer) {
		for stream := p.request(); stream != 0; stream = p.request() {
			p.answer(stream)
		}
	})
	s := startSession(t)
	s.targets(h2At(address, 3, 1000))
	s.say(`{"id":7,"op":"slices","slices":[{"seq":0,"target":"t","model":"open","ratePerSecond":0.01,"arrivals":"constant","durationMs":20000}]}`)
	time.Sleep(100 * time.Millisecond)
	s.say(`{"id":8,"op":"stop"}`)
	if event := s.slice(); failureOf(event) != "stopped" {
		t.Errorf("failed %q", failureOf(event))
	}
	s.event()
	if event := s.run(closed20)[0]; event.Requests != 20 || event.Errors != (errorCounts{}) || accepted.Load() != 3 {
		t.Errorf("%d requests, errors %+v, %d connections", event.Requests, event.Errors, accepted.Load())
	}
}
