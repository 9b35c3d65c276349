package loadgen

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAClosedSliceSendsExactlyItsRequestsAndLeavesNothingInFlight(t *testing.T) {
	var served, inFlight atomic.Int64
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		inFlight.Add(1)
		defer inFlight.Add(-1)
		served.Add(1)
		_, _ = w.Write(make([]byte, 1000))
	})
	s := startSession(t)
	s.targets(targetAt(address, 7, 2000))
	for round := range 3 {
		before := served.Load()
		event := s.run(sliceSpec{Seq: int64(round), Target: "t", Model: modelClosed, Requests: 300, WarmupRequests: 101})[0]
		if got := served.Load() - before; got != 401 {
			t.Errorf("the server saw %d requests, not 401", got)
		}
		if event.Requests != 300 || event.WarmupRequests != 101 || event.Errors != (errorCounts{}) || event.Failed != nil {
			t.Errorf("event %+v failed %q", event, failureOf(event))
		}
		if n := decode(t, event.Latency).TotalCount(); n != 300 {
			t.Errorf("%d latencies of 300 requests", n)
		}
		if event.BytesReceived < 300*1000 || event.BytesReceived > 300*1300 {
			t.Errorf("%d bytes for 300 answers of 1000", event.BytesReceived)
		}
		if event.SendLatency != nil || event.SendLag != nil || event.OfferedRatePerSecond != nil {
			t.Error("a closed slice reports what only an open one has")
		}
	}
	if n := inFlight.Load(); n != 0 {
		t.Errorf("%d requests in flight after a slice", n)
	}
}

func TestATimedClosedSliceCountsWhatWasSentInItsMeasuredPart(t *testing.T) {
	var served atomic.Int64
	address := serve(t, func(http.ResponseWriter, *http.Request) {
		served.Add(1)
		time.Sleep(2 * time.Millisecond)
	})
	s := startSession(t)
	s.targets(targetAt(address, 2, 2000))
	event := s.run(sliceSpec{Target: "t", Model: modelClosed, DurationMs: 300, WarmupMs: 150})[0]
	if event.Requests+event.WarmupRequests != served.Load() {
		t.Errorf("%d + %d requests, the server saw %d", event.WarmupRequests, event.Requests, served.Load())
	}
	if event.WarmupRequests < 10 || event.Requests < event.WarmupRequests {
		t.Errorf("warm-up %d and measured %d do not fit 150 and 300 ms", event.WarmupRequests, event.Requests)
	}
	if length := event.EndedAtMicros - event.StartedAtMicros; length < 300_000 || length > 400_000 {
		t.Errorf("the measured part lasted %d µs", length)
	}
}

func TestAnOpenSliceAccountsForEveryScheduledRequest(t *testing.T) {
	var served atomic.Int64
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { served.Add(1) })
	s := startSession(t)
	s.targets(targetAt(address, 8, 2000))
	for _, arrivals := range []string{arrivalsConst, arrivalsPoisson, arrivalsBursts} {
		before := served.Load()
		spec := sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 1000, Arrivals: arrivals, Burst: 20, Seed: 3, DurationMs: 400, WarmupMs: 100}
		event := s.run(spec)[0]
		schedule := appendSchedule(nil, spec, 500_000_000)
		warmup := int64(0)
		for _, at := range schedule {
			if at < 100_000_000 {
				warmup++
			}
		}
		if event.WarmupRequests != warmup || event.Requests != int64(len(schedule))-warmup {
			t.Errorf("%s: %d + %d requests of a schedule of %d + %d", arrivals, event.WarmupRequests, event.Requests, warmup, int64(len(schedule))-warmup)
		}
		if got := served.Load() - before; got != int64(len(schedule)) {
			t.Errorf("%s: the server saw %d of %d", arrivals, got, len(schedule))
		}
		for name, encoded := range map[string]*string{"latency": event.Latency, "sendLatency": event.SendLatency, "sendLag": event.SendLag} {
			if n := decode(t, encoded).TotalCount(); n != event.Requests {
				t.Errorf("%s: %s has %d samples of %d", arrivals, name, n, event.Requests)
			}
		}
		if length := event.EndedAtMicros - event.StartedAtMicros; length < 400_000 || length > 480_000 {
			t.Errorf("%s: the measured part lasted %d µs", arrivals, length)
		}
	}
}

func TestAStallShowsInLatencyFromTheIntendedTimeAndHardlyInSendLatency(t *testing.T) {
	var began atomic.Int64
	address := serve(t, func(http.ResponseWriter, *http.Request) {
		now := time.Now()
		began.CompareAndSwap(0, now.UnixNano())
		from := time.Unix(0, began.Load()).Add(500 * time.Millisecond)
		if until := from.Add(300 * time.Millisecond); now.After(from) && now.Before(until) {
			time.Sleep(until.Sub(now))
		}
	})
	s := startSession(t)
	s.targets(targetAt(address, 4, 5000))
	event := s.run(sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 1000, Arrivals: arrivalsConst, DurationMs: 1500})[0]
	if event.Requests != 1500 || event.Errors != (errorCounts{}) {
		t.Fatalf("%d requests, errors %+v", event.Requests, event.Errors)
	}
	fromIntended, fromSend := decode(t, event.Latency), decode(t, event.SendLatency)
	if p := fromIntended.ValueAtQuantile(99.9); p < 250e6 {
		t.Errorf("p99.9 from the intended time is %d ns under a stall of 300 ms", p)
	}
	// 300 ms of 1,500 ms fall into the stall: a generator that waits would show four slow requests only.
	if p := fromIntended.ValueAtQuantile(90); p < 100e6 {
		t.Errorf("p90 from the intended time is %d ns", p)
	}
	slow := int64(0)
	for _, bar := range fromSend.Distribution() {
		if bar.From > 100e6 {
			slow += bar.Count
		}
	}
	if slow > 4 {
		t.Errorf("%d requests were slow from their real send on 4 connections", slow)
	}
	if event.Generator.ConnectionWaits < 200 {
		t.Errorf("only %d requests waited for a connection", event.Generator.ConnectionWaits)
	}
}

func TestATimeoutIsCountedAndEntersTheHistogramAtItsLimit(t *testing.T) {
	var served atomic.Int64
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if served.Add(1)%10 == 5 {
			select {
			case <-r.Context().Done():
			case <-time.After(2 * time.Second):
			}
		}
	})
	s := startSession(t)
	s.targets(targetAt(address, 4, 100))
	for _, spec := range []sliceSpec{
		{Target: "t", Model: modelClosed, Requests: 40},
		{Target: "t", Model: modelOpen, RatePerSecond: 100, Arrivals: arrivalsConst, DurationMs: 400},
	} {
		event := s.run(spec)[0]
		if event.Requests != 40 || event.Errors.Timeout != 4 || event.Errors.Reset != 0 {
			t.Errorf("%s: %d requests, errors %+v", spec.Model, event.Requests, event.Errors)
		}
		h := decode(t, event.Latency)
		if h.TotalCount() != 40 {
			t.Errorf("%s: %d samples of 40", spec.Model, h.TotalCount())
		}
		if top := h.Max(); top < 100e6 || top > 100.2e6 {
			t.Errorf("%s: the highest latency is %d ns, the limit 100 ms", spec.Model, top)
		}
	}
}

func TestADeadTargetEndsItsSliceSoonAndTheOthersGoOn(t *testing.T) {
	for _, model := range []string{modelClosed, modelOpen} {
		t.Run(model, func(t *testing.T) {
			var listener net.Listener
			var accepted []net.Conn
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ready := make(chan struct{})
			go func() {
				defer close(ready)
				for range 4 {
					c, err := listener.Accept()
					if err != nil {
						return
					}
					accepted = append(accepted, c)
				}
			}()
			alive := serve(t, func(http.ResponseWriter, *http.Request) {})
			dying := targetAt(listener.Addr().String(), 4, 2000)
			dying.ID = "dying"
			s := startSession(t)
			s.targets(dying, targetAt(alive, 2, 2000))
			<-ready
			go func() {
				time.Sleep(50 * time.Millisecond)
				_ = listener.Close()
				for _, c := range accepted {
					_ = c.Close()
				}
			}()
			spec := sliceSpec{Seq: 1, Target: "dying", Model: model, DurationMs: 10_000}
			if model == modelOpen {
				spec.RatePerSecond, spec.Arrivals = 200, arrivalsConst
			}
			begun := time.Now()
			events := s.run(spec, sliceSpec{Seq: 2, Target: "t", Model: modelClosed, Requests: 20}, sliceSpec{Seq: 3, Target: "dying", Model: modelClosed, Requests: 20})
			if took := time.Since(begun); took > 600*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			if !strings.Contains(failureOf(events[0]), "refused") || !strings.Contains(failureOf(events[2]), "refused") {
				t.Errorf("failed says %q and %q", failureOf(events[0]), failureOf(events[2]))
			}
			if events[1].Failed != nil || events[1].Requests != 20 {
				t.Errorf("the other target's slice: %q, %d requests", failureOf(events[1]), events[1].Requests)
			}
		})
	}
}

func TestAnswersOf503AreTimedAndCountedAsStatus(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	s := startSession(t)
	s.targets(targetAt(address, 3, 1000))
	event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 30})[0]
	if event.Requests != 30 || event.Errors != (errorCounts{Status: 30}) || decode(t, event.Latency).TotalCount() != 30 {
		t.Errorf("%d requests, errors %+v", event.Requests, event.Errors)
	}
}

func TestEveryFramingOfAnAnswerIsReadToItsEnd(t *testing.T) {
	big := strings.Repeat("x", 100_000)
	for name, response := range map[string]string{
		"length":              "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + big,
		"chunks":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + big + "\r\n3\r\nabc\r\n0\r\n\r\n",
		"chunks with trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n3\r\nabc\r\n0\r\nX-End: 1\r\n\r\n",
		"interim":             "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"nothing":             "HTTP/1.1 204 No Content\r\n\r\n",
		"close":               "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
		"until the end":       "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + big,
	} {
		t.Run(name, func(t *testing.T) {
			address := serveRaw(t, answerAll(response))
			s := startSession(t)
			s.targets(targetAt(address, 2, 1000))
			event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 20, WarmupRequests: 5})[0]
			if event.Requests != 20 || event.Errors != (errorCounts{}) || event.Failed != nil {
				t.Errorf("%d requests, errors %+v, failed %q", event.Requests, event.Errors, failureOf(event))
			}
			if want := int64(20 * len(response)); event.BytesReceived != want {
				t.Errorf("%d bytes received of %d", event.BytesReceived, want)
			}
			open := s.run(sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 200, Arrivals: arrivalsConst, DurationMs: 100})[0]
			if open.Requests != 20 || open.Errors != (errorCounts{}) || open.Failed != nil {
				t.Errorf("open: %d requests, errors %+v, failed %q", open.Requests, open.Errors, failureOf(open))
			}
		})
	}
}

func TestBrokenAnswersAreToldFromNonsense(t *testing.T) {
	for name, test := range map[string]struct {
		response string
		want     errorCounts
	}{
		"cut off":  {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nab", errorCounts{Reset: 10}},
		"nonsense": {"SSH-2.0 what do you want\r\n\r\n\r\n", errorCounts{Protocol: 10}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSession(t)
			s.targets(targetAt(serveRaw(t, answerAll(test.response)), 2, 1000))
			event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 10})[0]
			if event.Requests != 10 || event.Errors != test.want {
				t.Errorf("%d requests, errors %+v", event.Requests, event.Errors)
			}
		})
	}
}

func TestWhatIsBeyondTheServicesResidenceIsTakenPerRequest(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		w.Header().Set("X-Meshmark-Received-Ns", "5000000000")
		w.Header().Set("X-Meshmark-Sent-Ns", fmt.Sprint(5_000_000_000+20_000_000))
	})
	s := startSession(t)
	s.targets(targetAt(address, 2, 1000))
	event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 20})[0]
	whole, beyond := decode(t, event.Latency), decode(t, event.BeyondResidence)
	if beyond.TotalCount() != 20 || whole.Mean()-beyond.Mean() < 19.9e6 || whole.Mean()-beyond.Mean() > 20.1e6 {
		t.Errorf("mean %f ns, beyond residence %f ns", whole.Mean(), beyond.Mean())
	}
}

func TestABodyLargerThanTheSocketsBufferArrivesWhole(t *testing.T) {
	const size = 8 << 20
	var wrong atomic.Int64
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); n != size || err != nil || r.Method != "POST" {
			wrong.Add(1)
		}
	})
	s := startSession(t)
	spec := targetAt(address, 2, 5000)
	spec.Method, spec.BodyBase64 = "POST", strings.Repeat("AAAA", size/3)+"AAA="
	if size%3 != 2 {
		t.Fatal("the body's padding does not fit its size")
	}
	s.targets(spec)
	events := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 6},
		sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 20, Arrivals: arrivalsConst, DurationMs: 200})
	for _, event := range events {
		if event.Errors != (errorCounts{}) || wrong.Load() != 0 {
			t.Errorf("errors %+v, %d wrong bodies", event.Errors, wrong.Load())
		}
	}
}
