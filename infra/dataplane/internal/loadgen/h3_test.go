package loadgen

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"meshmark/dataplane/internal/identity"
	"meshmark/dataplane/internal/identity/identitytest"
	"meshmark/dataplane/internal/processtest"
)

const (
	clientURI  = "spiffe://meshmark/client"
	serviceURI = "spiffe://meshmark/service"
)

func startH3(t *testing.T, own identity.Files, args ...string) *processtest.Server {
	t.Helper()
	return processtest.StartServer(t, append(args, "--protocol", "h3",
		"--certificate", own.Certificate, "--key", own.Key, "--ca", own.Authority)...)
}

func h3At(address string, connections int, own identity.Files) targetSpec {
	spec := targetAt(address, connections, 5000)
	spec.Protocol, spec.Files = protocolH3, own
	return spec
}

func TestHTTP3IsDrivenThroughTheRealService(t *testing.T) {
	authority := identitytest.New(t)
	own := authority.Issue(clientURI)
	for _, anew := range []bool{false, true} {
		t.Run(fmt.Sprintf("connection per request %v", anew), func(t *testing.T) {
			server := startH3(t, authority.Issue(serviceURI), "--response-bytes", "3000")
			before := runtime.NumGoroutine()
			s := startSession(t)
			spec := h3At(server.Address, 6, own)
			spec.ConnectionPerRequest = anew
			if done := s.targets(spec); done["failed"] != nil {
				t.Fatalf("failed: %v", done["failed"])
			}
			slices := threeSlices()
			slices[2].RatePerSecond = 200
			requests := checkH3Events(t, s.run(slices...), anew)
			s.end()
			goroutinesSettle(t, before)
			accepted := int64(6)
			if anew {
				accepted = requests + 1 // The one that showed that it can be reached.
			}
			witness := server.Snapshot().Witness
			if witness.Requests != requests || witness.RequestsH3 != requests || witness.ConnectionsAccepted != accepted {
				t.Errorf("the service saw %d requests, %d of h3, of %d, on %d connections",
					witness.Requests, witness.RequestsH3, requests, witness.ConnectionsAccepted)
			}
		})
	}
}

// checkH3Events sees that nothing failed and that every request was timed. What comes in is counted in whole packets, some
// of which belong to a neighbour, so that bytes are only bounded.
func checkH3Events(t *testing.T, events []sliceEvent, anew bool) (requests int64) {
	t.Helper()
	for _, event := range events {
		if event.Errors != (errorCounts{}) || event.Failed != nil || event.Requests == 0 {
			t.Fatalf("slice %d: %d requests, errors %+v, failed %q", event.Seq, event.Requests, event.Errors, failureOf(event))
		}
		if n := decode(t, event.Latency).TotalCount(); n != event.Requests {
			t.Errorf("slice %d: %d latencies of %d requests", event.Seq, n, event.Requests)
		}
		if n := decode(t, event.BeyondResidence).TotalCount(); n != event.Requests {
			t.Errorf("slice %d: %d of %d answers said how long the service had them", event.Seq, n, event.Requests)
		}
		if most := event.Requests * 8000; event.BytesReceived < event.Requests*2900 || event.BytesReceived > most {
			t.Errorf("slice %d: %d bytes received for %d answers of 3000", event.Seq, event.BytesReceived, event.Requests)
		}
		requests += event.Requests + event.WarmupRequests
	}
	return requests
}

func TestAMixWithLargeBodiesGoesOverHTTP3(t *testing.T) {
	authority := identitytest.New(t)
	server := startH3(t, authority.Issue(serviceURI), "--response-bytes", "100000", "--fault-rate", "0.5")
	spec := h3At(server.Address, 4, authority.Issue(clientURI))
	body := 0
	spec.Requests = []requestSpec{
		{Weight: 1, Method: "PUT", Path: "/a?b=c%20d", Body: &body}, {Weight: 1, Method: "HEAD"}, {Weight: 1, Method: "DELETE", Path: "/x"},
	}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := startSession(t)
	if done := s.sayTargets([]string{`"` + encodedZeros(1_000_000) + `"`}, string(text)); done["failed"] != nil || done["event"] != "done" {
		t.Fatalf("%v", done)
	}
	event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 120, Seed: 2})[0]
	if only := (errorCounts{Status: event.Errors.Status}); event.Requests != 120 || event.Errors != only || only.Status < 30 || only.Status > 90 {
		t.Errorf("%d requests, errors %+v, failed %q", event.Requests, event.Errors, failureOf(event))
	}
}

func TestAnHTTP3PeerWithoutATrustedCertificateIsNoTarget(t *testing.T) {
	authority, stranger := identitytest.New(t), identitytest.New(t)
	server := startH3(t, authority.Issue(serviceURI))
	for name, own := range map[string]identity.Files{
		"of a stranger":        stranger.Issue(clientURI),
		"of no file":           {Certificate: "/nowhere", Key: "/nowhere", Authority: "/nowhere"},
		"of a foreign service": {Certificate: authority.Issue(clientURI).Certificate, Key: "/nowhere", Authority: "/nowhere"},
	} {
		s := startSession(t)
		done := s.targets(h3At(server.Address, 2, own))
		failed, _ := done["failed"].(map[string]any)
		if why, _ := failed["t"].(string); why == "" {
			t.Errorf("%s: %v", name, done)
		}
	}
}

func TestAStalledHTTP3ServiceTimesOutAndADeadOneEndsTheSlice(t *testing.T) {
	authority := identitytest.New(t)
	server := startH3(t, authority.Issue(serviceURI), "--delay", "300ms")
	spec := h3At(server.Address, 2, authority.Issue(clientURI))
	spec.TimeoutMs = 60
	s := startSession(t)
	s.targets(spec)
	event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 6})[0]
	if event.Errors != (errorCounts{Timeout: 6}) {
		t.Errorf("errors %+v, failed %q", event.Errors, failureOf(event))
	}
	server.Stop()
	if failure := failureOf(s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 6})[0]); !strings.Contains(failure, "connect ") {
		t.Errorf("failed %q", failure)
	}
}

func TestWhatHTTP3CannotCarryIsRefused(t *testing.T) {
	good := h3At("127.0.0.1:1", 4, identity.Files{Certificate: "a", Key: "b", Authority: "c"})
	if err := checkH3(good); err != nil {
		t.Errorf("a good target was refused: %v", err)
	}
	for _, change := range []func(*targetSpec){
		func(spec *targetSpec) { spec.Key = "" },
		func(spec *targetSpec) { spec.IdleConnections = 1 },
		func(spec *targetSpec) { spec.SlowConnections = 1 },
		func(spec *targetSpec) { spec.Headers = map[string]string{"a b": "c"} },
	} {
		spec := good
		change(&spec)
		if checkH3(spec) == nil {
			t.Errorf("%+v was taken", spec)
		}
	}
}
