package loadgen

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func anewAt(address string, connections int, timeoutMs float64) targetSpec {
	spec := targetAt(address, connections, timeoutMs)
	spec.ConnectionPerRequest = true
	return spec
}

func TestAConnectionPerRequestEndsInOrderAndLeavesNoTimeWait(t *testing.T) {
	var accepted, ended, failed atomic.Int64
	address := serveRaw(t, func(c net.Conn) {
		accepted.Add(1)
		requests := bufio.NewReader(c)
		for {
			request, err := http.ReadRequest(requests)
			switch {
			case errors.Is(err, io.EOF):
				ended.Add(1)
				return
			case err != nil:
				failed.Add(1)
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	s := startSession(t)
	s.targets(anewAt(address, 4, 2000))
	requests := int64(0)
	for _, event := range s.run(threeSlices()...) {
		if event.Errors != (errorCounts{}) || event.Failed != nil {
			t.Errorf("slice %d: errors %+v, failed %q", event.Seq, event.Errors, failureOf(event))
		}
		requests += event.Requests + event.WarmupRequests
	}
	s.end()
	time.Sleep(50 * time.Millisecond)
	if accepted.Load() != requests+1 || ended.Load() != requests+1 || failed.Load() != 0 {
		t.Errorf("%d connections for %d requests and a trial; %d ended in order, %d were seen to fail", accepted.Load(), requests, ended.Load(), failed.Load())
	}
	if runtime.GOOS == "linux" {
		if n := timeWaits(t, address); n != 0 {
			t.Errorf("%d connections of %d are left in TIME_WAIT", n, requests)
		}
	}
}

// timeWaits counts the connections to or from an address that are in TIME_WAIT.
func timeWaits(t *testing.T, address string) int {
	t.Helper()
	return countSockets(t, address, "06")
}

// countSockets counts the sockets of one machine end of an address in a state of /proc/net/tcp; TIME_WAIT is kept at
// either end. The kernel may list one twice where the table changes while it is read.
func countSockets(t *testing.T, address, state string) int {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprintf(":%04X", tcp.Port)
	seen := make(map[string]bool)
	for _, line := range strings.Split(string(table), "\n")[1:] {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != state {
			continue
		}
		if strings.HasSuffix(f[1], port) || (state == "06" && strings.HasSuffix(f[2], port)) {
			seen[f[1]+" "+f[2]] = true
		}
	}
	return len(seen)
}

func TestTheTimeToConnectIsWithinTheLatencyOfAConnectionPerRequest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	s := startSession(t)
	s.targets(anewAt(listener.Addr().String(), 2, 2000))
	made := s.run(sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 200, Arrivals: arrivalsConst, DurationMs: 200})[0]
	if made.Requests != 40 || made.Errors != (errorCounts{}) {
		t.Fatalf("%d requests, errors %+v", made.Requests, made.Errors)
	}
	whole, sent, lag := decode(t, made.Latency), decode(t, made.SendLatency), decode(t, made.SendLag)
	if whole.TotalCount() != 40 || sent.TotalCount() != 40 || lag.TotalCount() != 40 {
		t.Errorf("%d, %d and %d times of 40", whole.TotalCount(), sent.TotalCount(), lag.TotalCount())
	}
	if sent.Mean() > whole.Mean() || whole.Mean() > sent.Mean()+lag.Mean()*1.01+1000 {
		t.Errorf("latency %f ns is not send lag %f and send latency %f", whole.Mean(), lag.Mean(), sent.Mean())
	}
}

func TestConnectionsThatAreRefusedAreConnectErrorsAndADeadTargetEndsItsSlice(t *testing.T) {
	for _, model := range []string{modelClosed, modelOpen} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
		go func() { _ = server.Serve(listener) }()
		s := startSession(t)
		s.targets(anewAt(address, 3, 2000))
		_ = server.Close()
		spec := sliceSpec{Target: "t", Model: model, DurationMs: 5000}
		if model == modelOpen {
			spec.RatePerSecond, spec.Arrivals = 500, arrivalsConst
		}
		begun := time.Now()
		event := s.run(spec)[0]
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s: it took %v", model, took)
		}
		if !strings.Contains(failureOf(event), "refused") || event.Requests == 0 || event.Errors != (errorCounts{Connect: event.Requests}) {
			t.Errorf("%s: %d requests, errors %+v, failed %q", model, event.Requests, event.Errors, failureOf(event))
		}
		s.end()
	}
}

func TestConnectionsPerRequestThatAreAllBusyMakeRequestsWait(t *testing.T) {
	var most, now atomic.Int64
	address := serve(t, func(http.ResponseWriter, *http.Request) {
		busy := now.Add(1)
		most.Store(max(most.Load(), busy))
		time.Sleep(10 * time.Millisecond)
		now.Add(-1)
	})
	s := startSession(t)
	s.targets(anewAt(address, 2, 2000))
	event := s.run(sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 400, Arrivals: arrivalsBursts, Burst: 10, DurationMs: 200})[0]
	if event.Requests != 80 || event.Errors != (errorCounts{}) || event.Generator.ConnectionWaits < 60 {
		t.Errorf("%d requests, errors %+v, %d waited", event.Requests, event.Errors, event.Generator.ConnectionWaits)
	}
	if most.Load() > 2 {
		t.Errorf("%d connections at once, of 2", most.Load())
	}
}

func TestAStopOfASliceOfConnectionsPerRequestLeavesNothingForTheNext(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) { time.Sleep(5 * time.Millisecond) })
	s := startSession(t)
	s.targets(anewAt(address, 2, 2000))
	for range 5 {
		s.say(`{"id":7,"op":"slices","slices":[{"seq":0,"target":"t","model":"open","ratePerSecond":3000,"arrivals":"poisson","seed":1,"durationMs":20000}]}`)
		time.Sleep(60 * time.Millisecond)
		s.say(`{"id":8,"op":"stop"}`)
		if event := s.slice(); failureOf(event) != "stopped" {
			t.Errorf("failed %q", failureOf(event))
		}
		s.event()
		if event := s.run(open20)[0]; event.Requests != 20 || event.Errors != (errorCounts{}) {
			t.Errorf("after a stop: %d requests, errors %+v", event.Requests, event.Errors)
		}
	}
}
