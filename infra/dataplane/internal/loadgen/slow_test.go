package loadgen

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/processtest"
)

const slowRate = 64 << 10

func slowTarget(address, protocol string) targetSpec {
	spec := targetAt(address, 4, 2000)
	spec.Protocol, spec.GRPCMethod = protocol, "/meshmark.v1.Echo/Get"
	spec.SlowConnections, spec.SlowReadBytesPerSecond = 2, slowRate
	return spec
}

func TestSlowClientsReadNoFasterThanTheirRateAndAreNoPartOfTheOthersFigures(t *testing.T) {
	for protocol, flag := range map[string]string{"": "http1", protocolH2: "h2", protocolGRPC: "grpc", protocolRaw: "raw"} {
		t.Run(flag, func(t *testing.T) {
			server := processtest.StartServer(t, "--protocol", flag, "--response-bytes", "16384")
			s := startSession(t)
			if done := s.targets(slowTarget(server.Address, protocol)); done["failed"] != nil {
				t.Fatalf("failed: %v", done["failed"])
			}
			events := s.run(
				sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 200, Arrivals: arrivalsConst, DurationMs: 600, WarmupMs: 100},
				sliceSpec{Target: "t", Model: modelClosed, DurationMs: 600, WarmupMs: 100},
			)
			sent := int64(0)
			for _, event := range events {
				slow := event.Slow
				if event.Failed != nil || event.Errors != (errorCounts{}) || slow == nil {
					t.Fatalf("errors %+v, failed %q, slow %+v", event.Errors, failureOf(event), slow)
				}
				// Two clients of 64 KiB/s for 0.6 s: four answers of 16 KiB at most, and one each that the warm-up had begun.
				if slow.Requests < 2 || slow.Requests > 7 || slow.Failed != 0 || slow.Sent < slow.Requests {
					t.Errorf("slow clients: %+v", *slow)
				}
				if latency := decode(t, event.Latency); latency.TotalCount() != event.Requests || latency.ValueAtQuantile(50) > 50e6 {
					t.Errorf("%d latencies of %d requests, median %d ns", latency.TotalCount(), event.Requests, latency.ValueAtQuantile(50))
				}
				sent += event.Requests + event.WarmupRequests + slow.Sent
			}
			if got := server.Snapshot().Witness.Requests; got != sent {
				t.Errorf("the service saw %d requests of %d", got, sent)
			}
			if events[0].Requests != 120 {
				t.Errorf("%d scheduled requests, not 120", events[0].Requests)
			}
		})
	}
}

func TestWhatASlowClientHasNotReadStaysWithTheServer(t *testing.T) {
	const whole = 8 << 20
	var written atomic.Int64
	address := serve(t, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Length", "8388608")
		piece := []byte(strings.Repeat("x", 4096))
		for range whole / len(piece) {
			n, err := answer.Write(piece)
			if err != nil {
				return
			}
			written.Add(int64(n))
		}
	})
	made, err := newTarget(slowTarget(address, ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := made.slow[0]
	stop := make(chan struct{})
	c.pacing.stop = stop
	if err := c.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c.transmit(never)
	received := make(chan answer, 1)
	go func() { received <- c.receive() }()
	time.Sleep(500 * time.Millisecond)
	close(stop)
	c.interrupt()
	<-received
	most := int64(slowRate*time.Since(began).Seconds()) + int64(c.pacing.piece)
	if c.received == 0 || c.received > most {
		t.Errorf("read %d bytes in %s, at most %d are allowed", c.received, time.Since(began), most)
	}
	// The server's own send buffer takes up to some 4 MB (net.ipv4.tcp_wmem); the rest it cannot be rid of.
	if written.Load() == whole {
		t.Error("the server could write its whole answer to a client that had not read it")
	}
	c.closeAtOnce()
}

func TestASlowClientNeitherKeepsADeadTargetAliveNorASliceFromEnding(t *testing.T) {
	address := serveRaw(t, func(c net.Conn) {
		_, _ = io.Copy(io.Discard, c) // It takes every request and never answers.
	})
	spec := slowTarget(address, "")
	spec.TimeoutMs = 100
	s := startSession(t)
	s.targets(spec)
	began := time.Now()
	event := s.run(sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 50, Arrivals: arrivalsConst, DurationMs: 200})[0]
	if event.Errors.Timeout != event.Requests || event.Slow == nil || event.Slow.Requests != 0 {
		t.Errorf("%d requests, errors %+v, slow %+v", event.Requests, event.Errors, event.Slow)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the slice took %s", took)
	}
}

func TestCountedSlicesHaveNoSlowClientsUnderWay(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "http1")
	s := startSession(t)
	s.targets(slowTarget(server.Address, ""))
	event := s.run(closed20)[0]
	if event.Slow != nil || server.Snapshot().Witness.Requests != 20 {
		t.Errorf("slow %+v, the service saw %d", event.Slow, server.Snapshot().Witness.Requests)
	}
}

func TestSlowClientsThatCannotBeHadAreRefused(t *testing.T) {
	for _, change := range []func(*targetSpec){
		func(spec *targetSpec) { spec.SlowConnections = 4 },
		func(spec *targetSpec) { spec.SlowConnections = -1 },
		func(spec *targetSpec) { spec.SlowConnections = 0 },
		func(spec *targetSpec) { spec.SlowReadBytesPerSecond = 0 },
	} {
		spec := slowTarget("127.0.0.1:1", "")
		change(&spec)
		if err := checkSlow(spec); err == nil {
			t.Errorf("%+v was taken", spec)
		}
	}
}
