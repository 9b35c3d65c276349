package loadgen

import (
	"io"
	"net"
	"testing"

	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/rawwire"
)

func rawAt(address string) targetSpec {
	spec := targetAt(address, 2, 300)
	spec.Protocol, spec.RequestBytes = protocolRaw, 10
	return spec
}

func TestRawAnswersThatAreNoneAreCountedByTheirCause(t *testing.T) {
	head := func(h rawwire.Head) string { return string(rawwire.AppendHead(nil, h)) }
	for name, test := range map[string]struct {
		answer string
		end    bool
		want   errorCounts
	}{
		"a fault":         {head(rawwire.Head{Status: rawwire.Fault}), false, errorCounts{Status: 20}},
		"another status":  {head(rawwire.Head{Status: 7}), false, errorCounts{Protocol: 20}},
		"a wrong length":  {"\xff\xff\xff\xff" + head(rawwire.Head{})[4:], false, errorCounts{Protocol: 20}},
		"half a head":     {head(rawwire.Head{})[:9], true, errorCounts{Reset: 20}},
		"half an answer":  {head(rawwire.Head{Length: 9}) + "abc", true, errorCounts{Reset: 20}},
		"no more of it":   {head(rawwire.Head{Length: 9}) + "abc", false, errorCounts{Timeout: 20}},
		"nothing but end": {"", true, errorCounts{Reset: 20}},
	} {
		t.Run(name, func(t *testing.T) {
			address := serveRaw(t, func(c net.Conn) {
				for {
					if _, err := io.CopyN(io.Discard, c, rawwire.PrefixBytes+10); err != nil {
						return
					}
					if _, err := io.WriteString(c, test.answer); err != nil || test.end {
						return
					}
				}
			})
			s := startSession(t)
			spec := rawAt(address)
			spec.TimeoutMs = 60
			s.targets(spec)
			if event := s.run(closed20)[0]; event.Errors != test.want {
				t.Errorf("errors %+v, not %+v", event.Errors, test.want)
			}
		})
	}
}

func TestTheRawServiceFailsTheShareThatWasAskedForAndNothingElse(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "raw", "--response-bytes", "0", "--response-bytes-max", "90000", "--fault-rate", "0.5")
	s := startSession(t)
	s.targets(rawAt(server.Address))
	event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 400})[0]
	if only := (errorCounts{Status: event.Errors.Status}); event.Errors != only || only.Status < 140 || only.Status > 260 {
		t.Errorf("errors %+v", event.Errors)
	}
}

func TestRawTargetsThatCannotBeHadAreRefused(t *testing.T) {
	for _, spec := range []targetSpec{
		{Protocol: protocolHTTP1, RequestBytes: 1},
		{Protocol: protocolRaw, RequestBytes: -1},
		{Protocol: protocolRaw, RequestBytes: mostRequestBytes + 1},
		{Protocol: protocolRaw, Requests: []requestSpec{{Weight: 1}}},
	} {
		if checkRaw(spec) == nil {
			t.Errorf("%+v was taken", spec)
		}
	}
}
