package loadgen

import (
	"encoding/base64"
	"testing"

	"meshmark/dataplane/internal/processtest"
)

// threeSlices are one of each kind; the last two have as many requests as their schedules.
func threeSlices() []sliceSpec {
	return []sliceSpec{
		{Seq: 0, Target: "t", Model: modelClosed, Requests: 200, WarmupRequests: 51},
		{Seq: 1, Target: "t", Model: modelClosed, DurationMs: 100, WarmupMs: 50},
		{Seq: 2, Target: "t", Model: modelOpen, RatePerSecond: 500, Arrivals: arrivalsPoisson, Seed: 5, DurationMs: 200, WarmupMs: 100},
	}
}

// checkEvents sees that nothing failed and that every request was answered and timed, and returns their number.
func checkEvents(t *testing.T, events []sliceEvent, answerBytes int64) (requests int64) {
	t.Helper()
	for _, event := range events {
		if event.Errors != (errorCounts{}) || event.Failed != nil || event.Requests == 0 {
			t.Errorf("slice %d: %d requests, errors %+v, failed %q", event.Seq, event.Requests, event.Errors, failureOf(event))
			continue
		}
		if n := decode(t, event.Latency).TotalCount(); n != event.Requests {
			t.Errorf("slice %d: %d latencies of %d requests", event.Seq, n, event.Requests)
		}
		if n := decode(t, event.BeyondResidence).TotalCount(); n != event.Requests {
			t.Errorf("slice %d: %d of %d answers said how long the service had them", event.Seq, n, event.Requests)
		}
		if least := event.Requests * answerBytes; event.BytesReceived < least || event.BytesReceived > least+event.Requests*600 {
			t.Errorf("slice %d: %d bytes received for %d answers of %d", event.Seq, event.BytesReceived, event.Requests, answerBytes)
		}
		requests += event.Requests + event.WarmupRequests
	}
	return requests
}

func TestEveryProtocolIsDrivenThroughTheRealService(t *testing.T) {
	for name, test := range map[string]struct {
		service []string
		target  targetSpec
		answer  int64
	}{
		"http1":      {[]string{"--protocol", "http1"}, targetSpec{}, 3000},
		"h2":         {[]string{"--protocol", "h2"}, targetSpec{Protocol: protocolH2}, 3000},
		"h2 body":    {[]string{"--protocol", "h2"}, targetSpec{Protocol: protocolH2, Method: "POST", BodyBase64: "aGVsbG8="}, 3000},
		"h2 chunk":   {[]string{"--protocol", "h2", "--stream-chunks", "3", "--stream-interval", "100us"}, targetSpec{Protocol: protocolH2}, 3000},
		"raw":        {[]string{"--protocol", "raw"}, targetSpec{Protocol: protocolRaw, RequestBytes: 100}, 3000},
		"raw, large": {[]string{"--protocol", "raw"}, targetSpec{Protocol: protocolRaw, RequestBytes: 300_000}, 3000},
		"unary":      {[]string{"--protocol", "grpc"}, targetSpec{Protocol: protocolGRPC, GRPCMethod: "/meshmark.v1.Echo/Get"}, 3000},
		"unary, message": {
			[]string{"--protocol", "grpc"},
			targetSpec{Protocol: protocolGRPC, GRPCMethod: "/meshmark.v1.Echo/Get", BodyBase64: base64.StdEncoding.EncodeToString([]byte("\x0a\x05hello"))}, 3000,
		},
		"stream": {
			[]string{"--protocol", "grpc", "--stream-chunks", "4", "--stream-interval", "100us"},
			targetSpec{Protocol: protocolGRPC, GRPCMethod: "/meshmark.v1.Echo/List"}, 12_000,
		},
	} {
		for _, anew := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", connection per request"}[anew], func(t *testing.T) {
				server := processtest.StartServer(t, append(test.service, "--response-bytes", "3000")...)
				spec := test.target
				spec.ID, spec.Address, spec.Connections, spec.TimeoutMs = "t", server.Address, 6, 5000
				spec.ConnectionPerRequest = anew
				s := startSession(t)
				if done := s.targets(spec); done["failed"] != nil {
					t.Fatalf("failed: %v", done["failed"])
				}
				requests := checkEvents(t, s.run(threeSlices()...), test.answer)
				witness := server.Snapshot().Witness
				if witness.Requests != requests {
					t.Errorf("the service saw %d requests of %d", witness.Requests, requests)
				}
				accepted := int64(6)
				if anew {
					accepted = requests + 1 // The one that showed that it can be reached.
				}
				if witness.ConnectionsAccepted != accepted {
					t.Errorf("%d connections were accepted, not %d", witness.ConnectionsAccepted, accepted)
				}
				byProtocol := map[bool]int64{true: witness.RequestsH2, false: witness.RequestsHTTP1}[spec.Protocol != ""]
				if spec.Protocol == protocolRaw {
					byProtocol = witness.Requests - witness.RequestsHTTP1 - witness.RequestsH2
				}
				if byProtocol != requests {
					t.Errorf("%d of %d requests came in the protocol", byProtocol, requests)
				}
			})
		}
	}
}

func TestABodyBeyondTheWindowsGoesBothWaysOverH2(t *testing.T) {
	const size = 8<<20 + 12345
	body := make([]byte, size)
	for index := range body {
		body[index] = byte(index * 7)
	}
	server := processtest.StartServer(t, "--protocol", "h2")
	s := startSession(t)
	spec := targetAt(server.Address, 2, 10_000)
	spec.Protocol, spec.Method, spec.Path = protocolH2, "POST", "/echo"
	spec.BodyBase64 = base64.StdEncoding.EncodeToString(body)
	s.targets(spec)
	events := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 4, WarmupRequests: 2},
		sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 20, Arrivals: arrivalsConst, DurationMs: 200})
	for _, event := range events {
		if event.Requests != 4 || event.Errors != (errorCounts{}) || event.BytesReceived < 4*size {
			t.Errorf("%d requests, errors %+v, %d bytes", event.Requests, event.Errors, event.BytesReceived)
		}
	}
	if witness := server.Snapshot().Witness; witness.Requests != 10 || witness.ConnectionsAccepted != 2 {
		t.Errorf("the service saw %d requests on %d connections", witness.Requests, witness.ConnectionsAccepted)
	}
}

func TestALargeMessageReachesARealGRPCServer(t *testing.T) {
	const size = 5 << 20
	// Field 1, of bytes: its length as a varint, and zeros.
	message := append([]byte{0x0a, 0x80, 0x80, 0xc0, 0x02}, make([]byte, size)...)
	server := processtest.StartServer(t, "--protocol", "grpc")
	s := startSession(t)
	spec := targetAt(server.Address, 2, 10_000)
	spec.Protocol, spec.GRPCMethod = protocolGRPC, "/meshmark.v1.Echo/Get"
	spec.BodyBase64 = base64.StdEncoding.EncodeToString(message)
	s.targets(spec)
	event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 6})[0]
	if event.Requests != 6 || event.Errors != (errorCounts{}) {
		t.Errorf("%d requests, errors %+v", event.Requests, event.Errors)
	}
}

func TestAStatusOfGRPCOtherThan0IsAStatusError(t *testing.T) {
	faulty := processtest.StartServer(t, "--protocol", "grpc", "--fault-rate", "1")
	for method, want := range map[string]errorCounts{
		"/meshmark.v1.Echo/Get":        {Status: 30},
		"/meshmark.v1.Echo/List":       {Status: 30},
		"/meshmark.v1.Echo/Unheard":    {Status: 30}, // Unimplemented, said in trailers alone.
		"/grpc.health.v1.Health/Check": {Status: 30},
	} {
		s := startSession(t)
		spec := targetAt(faulty.Address, 3, 2000)
		spec.Protocol, spec.GRPCMethod = protocolGRPC, method
		s.targets(spec)
		event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 30})[0]
		if event.Requests != 30 || event.Errors != want || decode(t, event.Latency).TotalCount() != 30 {
			t.Errorf("%s: %d requests, errors %+v", method, event.Requests, event.Errors)
		}
		s.end()
	}
	if n := faulty.Snapshot().Witness.ConnectionsAccepted; n != 12 {
		t.Errorf("%d connections for 4 targets of 3", n)
	}
}

func TestAServerThatSpeaksAnotherProtocolIsATargetsFailure(t *testing.T) {
	server := processtest.StartServer(t)
	s := startSession(t)
	spec := targetAt(server.Address, 2, 1000)
	spec.Protocol = protocolH2
	done := s.targets(spec)
	if failed, _ := done["failed"].(map[string]any); failed["t"] == nil {
		t.Errorf("speaking HTTP/2 to a server of HTTP/1 gives %v", done)
	}
}

func TestTargetsOfUnknownProtocolsAreRefused(t *testing.T) {
	for _, line := range []string{
		`{"id":1,"op":"targets","targets":[{"id":"t","address":"a:1","connections":1,"timeoutMs":1,"protocol":"h3"}]}`,
		`{"id":1,"op":"targets","targets":[{"id":"t","address":"a:1","connections":1,"timeoutMs":1,"protocol":"grpc"}]}`,
		`{"id":1,"op":"targets","targets":[{"id":"t","address":"a:1","connections":1,"timeoutMs":1,"protocol":"h2","headers":{":path":"/"}}]}`,
		`{"id":1,"op":"targets","targets":[{"id":"t","address":"a:1","connections":1,"timeoutMs":1,"idleConnections":20001}]}`,
		`{"id":1,"op":"slices","slices":[{"target":"t","model":"open","ratePerSecond":9,"arrivals":"bursts","durationMs":50}]}`,
	} {
		if parseCommand([]byte(line)).refusal == nil {
			t.Errorf("taken: %s", line)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte(`{"id":1,"op":"targets","targets":[{"id":"t","address":"127.0.0.1:1","connections":1,"timeoutMs":1,"protocol":"grpc","grpcMethod":"/a/B","bodyBase64":"AAAA","headers":{"X-A":"b"},"idleConnections":3,"connectionPerRequest":true}]}`))
	f.Add([]byte(`{"id":2,"op":"slices","slices":[{"seq":0,"target":"t","model":"open","ratePerSecond":2000,"arrivals":"bursts","burst":50,"seed":7,"durationMs":20,"warmupMs":3}]}`))
	f.Add([]byte(`{"id":3,"op":"read"}`))
	f.Add([]byte(`{"id":4,"op":"targets","bodies":["aGVsbG8="],"targets":[{"id":"t","address":"127.0.0.1:1","connections":1,"timeoutMs":1,"protocol":"h2","requests":[{"weight":3,"method":"POST","path":"/a","headers":{"X-A":"b"},"body":0},{"weight":0.5,"method":"GET","path":"/"}]}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		cmd := parseCommand(line)
		if cmd.refusal != nil {
			return
		}
		for _, spec := range cmd.Targets {
			if spec.Connections > 100 || cmd.Op != "targets" || spec.Protocol == protocolH3 { // Whose certificates are files.
				continue
			}
			made, err := newTarget(spec, cmd.bodies)
			if err != nil {
				t.Fatalf("a checked target was refused: %v", err)
			}
			for i, kind := range made.mix.kinds {
				one := spec
				if len(spec.Requests) > 0 {
					one.Method, one.Path, one.Headers = spec.Requests[i].Method, spec.Requests[i].Path, spec.Requests[i].Headers
				}
				if made.h2 {
					checkRequestFrames(t, one, kind.h2)
				}
			}
		}
		for _, spec := range cmd.Slices {
			total := (spec.DurationMs + spec.WarmupMs) * 1e6
			if cmd.Op == "slices" && spec.Model == modelOpen && spec.RatePerSecond*total/1e9+float64(spec.Burst) < 1e5 {
				checkSchedule(t, spec, int64(total))
			}
		}
	})
}

func checkSchedule(t *testing.T, spec sliceSpec, total int64) {
	previous := int64(0)
	for _, at := range appendSchedule(nil, spec, total) {
		if at < previous || at >= total {
			t.Fatalf("%+v: %d after %d of %d", spec, at, previous, total)
		}
		previous = at
	}
}

func TestARequestAllocatesNextToNothing(t *testing.T) {
	for protocol, test := range map[string]struct {
		flag string
		most float64
	}{
		"": {"http1", 0},
		// The decoder makes strings of values that are not in its table: two times and what changes with them.
		protocolH2: {"h2", 6},
	} {
		server := processtest.StartServer(t, "--protocol", test.flag)
		spec := targetAt(server.Address, 1, 5000)
		spec.Protocol = protocol
		made, err := newTarget(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := made.openAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := newRun(newClock(), made, sliceSpec{Target: "t", Model: modelClosed, Requests: 1}, &recorder{})
		measured := func(int64) bool { return true }
		got := testing.AllocsPerRun(500, func() { r.exchange(made.conns[0], 0, measured) })
		if got > test.most || r.rec.errors != (errorCounts{}) {
			t.Errorf("%s: %g allocations a request, errors %+v", test.flag, got, r.rec.errors)
		}
		made.closeAll()
	}
}
