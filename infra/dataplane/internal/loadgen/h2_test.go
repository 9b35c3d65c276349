package loadgen

import (
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
)

func h2At(address string, connections int, timeoutMs float64) targetSpec {
	spec := targetAt(address, connections, timeoutMs)
	spec.Protocol = protocolH2
	return spec
}

var (
	closed20 = sliceSpec{Target: "t", Model: modelClosed, Requests: 20}
	open20   = sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 200, Arrivals: arrivalsConst, DurationMs: 100}
)

func TestEveryFramingOfAnH2AnswerIsReadToItsEnd(t *testing.T) {
	for name, answer := range map[string]func(p *h2Peer, stream uint32){
		"plain":   (*h2Peer).answer,
		"no body": func(p *h2Peer, stream uint32) { p.headers(stream, true, ":status", "204") },
		"interim": func(p *h2Peer, stream uint32) {
			p.headers(stream, false, ":status", "103", "link", "<a>")
			p.headers(stream, false, ":status", "100")
			p.answer(stream)
		},
		"trailers": func(p *h2Peer, stream uint32) {
			p.headers(stream, false, ":status", "200")
			_ = p.WriteData(stream, false, make([]byte, 10_000))
			p.headers(stream, true, "x-end", "1")
		},
		"padded, empty and end apart": func(p *h2Peer, stream uint32) {
			block := p.fields(":status", "200", "content-length", "7")
			_ = p.WriteHeaders(http2.HeadersFrameParam{
				StreamID: stream, BlockFragment: block, EndHeaders: true, PadLength: 9,
				Priority: http2.PriorityParam{Weight: 3},
			})
			_ = p.WriteDataPadded(stream, false, []byte("1234567"), make([]byte, 200))
			_ = p.WriteData(stream, false, nil)
			_ = p.WriteDataPadded(stream, true, nil, make([]byte, 3))
		},
		"continued, and a table that grows": func(p *h2Peer, stream uint32) {
			block := p.fields(":status", "200", "x-"+strconv.Itoa(int(stream)%5), "some value or other", "x-long", string(make([]byte, 3000)))
			_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block[:1]})
			_ = p.WriteContinuation(stream, false, nil)
			_ = p.WriteContinuation(stream, false, block[1:2])
			_ = p.WriteContinuation(stream, true, block[2:])
			_ = p.WriteData(stream, true, []byte("x"))
		},
		"frames of other kinds between": func(p *h2Peer, stream uint32) {
			_ = p.WritePriority(stream, http2.PriorityParam{Weight: 1})
			_ = p.WriteRawFrame(0xb7, 3, stream, []byte("an extension"))
			_ = p.WriteWindowUpdate(0, 100)
			_ = p.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 100}, http2.Setting{ID: 0x99, Val: 5})
			p.headers(stream, false, ":status", "200")
			_ = p.WritePing(false, [8]byte{1})
			_ = p.WriteData(stream, true, []byte("x"))
			_ = p.WriteRSTStream(stream, http2.ErrCodeNo)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var accepted atomic.Int64
			address := serveH2(t, &accepted, nil, func(p *h2Peer) {
				for stream := p.request(); stream != 0; stream = p.request() {
					answer(p, stream)
				}
			})
			s := startSession(t)
			s.targets(h2At(address, 2, 1000))
			for _, event := range s.run(closed20, open20, closed20) {
				if event.Requests != 20 || event.Errors != (errorCounts{}) || event.Failed != nil {
					t.Errorf("%d requests, errors %+v, failed %q", event.Requests, event.Errors, failureOf(event))
				}
			}
			if n := accepted.Load(); n != 2 {
				t.Errorf("%d connections were needed", n)
			}
		})
	}
}

func TestH2AnswersThatAreNoneAreToldByCause(t *testing.T) {
	raw := func(frame ...byte) func(p *h2Peer, stream uint32) {
		return func(p *h2Peer, _ uint32) { _, _ = p.nc.Write(frame) }
	}
	for name, test := range map[string]struct {
		answer func(p *h2Peer, stream uint32)
		want   errorCounts
		lives  bool // The connection can be used again.
	}{
		"refused": {func(p *h2Peer, stream uint32) {
			_ = p.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}, errorCounts{Reset: 20}, true},
		"broken off in the body": {func(p *h2Peer, stream uint32) {
			p.headers(stream, false, ":status", "200")
			_ = p.WriteData(stream, false, []byte("x"))
			_ = p.WriteRSTStream(stream, http2.ErrCodeInternal)
		}, errorCounts{Reset: 20}, true},
		"blamed": {func(p *h2Peer, stream uint32) {
			_ = p.WriteRSTStream(stream, http2.ErrCodeProtocol)
		}, errorCounts{Protocol: 20}, true},
		"gone away before it": {func(p *h2Peer, stream uint32) {
			_ = p.WriteGoAway(stream-1, http2.ErrCodeNo, nil)
		}, errorCounts{Reset: 20}, false},
		"gone away and blamed": {func(p *h2Peer, stream uint32) {
			_ = p.WriteGoAway(0, http2.ErrCodeProtocol, []byte("bad"))
		}, errorCounts{Protocol: 20}, false},
		"closed": {func(p *h2Peer, stream uint32) {
			p.headers(stream, false, ":status", "200")
			_ = p.nc.Close()
		}, errorCounts{Reset: 20}, false},
		"cut short": {func(p *h2Peer, stream uint32) {
			p.headers(stream, false, ":status", "200", "content-length", "5")
			_ = p.WriteData(stream, true, []byte("1234"))
		}, errorCounts{Protocol: 20}, false},
		"no status": {func(p *h2Peer, stream uint32) {
			p.headers(stream, true, "content-length", "0")
		}, errorCounts{Protocol: 20}, false},
		"body without header": {func(p *h2Peer, stream uint32) {
			_ = p.WriteData(stream, true, []byte("x"))
		}, errorCounts{Protocol: 20}, false},
		"another's stream": {func(p *h2Peer, stream uint32) {
			p.headers(stream+2, true, ":status", "200")
		}, errorCounts{Protocol: 20}, false},
		"a frame too large":       {raw(0, 0x40, 1, 0, 0, 0, 0, 0, 1), errorCounts{Protocol: 20}, false},
		"HTTP/1":                  {raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")...), errorCounts{Protocol: 20}, false},
		"a window of nothing":     {raw(0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0), errorCounts{Protocol: 20}, false},
		"a continuation of none":  {raw(0, 0, 0, 9, 4, 0, 0, 0, 1), errorCounts{Protocol: 20}, false},
		"compression that is not": {raw(0, 0, 2, 1, 5, 0, 0, 0, 1, 0xff, 0xff), errorCounts{Protocol: 20}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var accepted atomic.Int64
			address := serveH2(t, &accepted, nil, func(p *h2Peer) {
				for stream := p.request(); stream != 0; stream = p.request() {
					test.answer(p, stream)
				}
			})
			s := startSession(t)
			s.targets(h2At(address, 2, 1000))
			event := s.run(closed20)[0]
			if event.Requests != 20 || event.Errors != test.want || event.Failed != nil {
				t.Errorf("%d requests, errors %+v, failed %q", event.Requests, event.Errors, failureOf(event))
			}
			if lived := accepted.Load() == 2; lived != test.lives {
				t.Errorf("%d connections", accepted.Load())
			}
		})
	}
}

func TestABodyWaitsForTheServersWindows(t *testing.T) {
	const size = 50_000
	var accepted, early atomic.Int64
	address := serveH2(t, &accepted, []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 1000}}, func(p *h2Peer) {
		received, allowed := 0, 1000
		for {
			frame, err := p.ReadFrame()
			if err != nil {
				return
			}
			data, ok := frame.(*http2.DataFrame)
			if !ok {
				continue
			}
			received += len(data.Data())
			if received > allowed {
				early.Add(1)
			}
			if data.StreamEnded() {
				if received != size {
					early.Add(1)
				}
				p.answer(data.StreamID)
				received, allowed = 0, 1000
			} else if received == allowed {
				step := uint32(7_000)
				allowed += int(step)
				_ = p.WriteWindowUpdate(data.StreamID, step)
			}
			_ = p.WriteWindowUpdate(0, uint32(max(1, len(data.Data()))))
		}
	})
	s := startSession(t)
	spec := h2At(address, 2, 2000)
	spec.Method, spec.BodyBase64 = "POST", encodedZeros(size)
	s.targets(spec)
	for _, event := range s.run(closed20, open20) {
		if event.Requests != 20 || event.Errors != (errorCounts{}) {
			t.Errorf("%d requests, errors %+v", event.Requests, event.Errors)
		}
	}
	if early.Load() != 0 || accepted.Load() != 2 {
		t.Errorf("%d bytes beyond a window or wrong sizes, %d connections", early.Load(), accepted.Load())
	}
}

func TestAnAnswerBeforeTheBodyIsSentEndsTheBodyAndNotTheConnection(t *testing.T) {
	var accepted, told atomic.Int64
	address := serveH2(t, &accepted, nil, func(p *h2Peer) {
		for {
			frame, err := p.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.MetaHeadersFrame:
				p.answer(frame.StreamID)
			case *http2.DataFrame:
				if n := uint32(len(frame.Data())); n > 0 {
					_ = p.WriteWindowUpdate(0, n)
				}
			case *http2.RSTStreamFrame:
				told.Add(1)
			}
		}
	})
	s := startSession(t)
	spec := h2At(address, 2, 2000)
	spec.Method, spec.BodyBase64 = "POST", encodedZeros(1<<20)
	s.targets(spec)
	for _, event := range s.run(closed20, open20) {
		if event.Requests != 20 || event.Errors != (errorCounts{}) {
			t.Errorf("%d requests, errors %+v", event.Requests, event.Errors)
		}
	}
	if told.Load() != 40 || accepted.Load() != 2 {
		t.Errorf("%d of 40 bodies were given up, on %d connections", told.Load(), accepted.Load())
	}
}

func TestGRPCAnswersWithoutAStatusAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(p *h2Peer, stream uint32)
		want   errorCounts
	}{
		"whole": {func(p *h2Peer, stream uint32) {
			p.headers(stream, false, ":status", "200", "content-type", "application/grpc")
			_ = p.WriteData(stream, false, []byte{0, 0, 0, 0, 0})
			p.headers(stream, true, "grpc-status", "0")
		}, errorCounts{}},
		"trailers alone":   {func(p *h2Peer, stream uint32) { p.headers(stream, true, ":status", "200", "grpc-status", "14") }, errorCounts{Status: 20}},
		"a proxy's answer": {func(p *h2Peer, stream uint32) { p.headers(stream, true, ":status", "503") }, errorCounts{Status: 20}},
		"no status":        {(*h2Peer).answer, errorCounts{Protocol: 20}},
	} {
		t.Run(name, func(t *testing.T) {
			var accepted atomic.Int64
			address := serveH2(t, &accepted, nil, func(p *h2Peer) {
				for stream := p.request(); stream != 0; stream = p.request() {
					test.answer(p, stream)
				}
			})
			s := startSession(t)
			spec := h2At(address, 2, 1000)
			spec.Protocol, spec.GRPCMethod = protocolGRPC, "/a.B/C"
			s.targets(spec)
			event := s.run(closed20)[0]
			if event.Requests != 20 || event.Errors != test.want || accepted.Load() != 2 {
				t.Errorf("%d requests, errors %+v, %d connections", event.Requests, event.Errors, accepted.Load())
			}
		})
	}
}
