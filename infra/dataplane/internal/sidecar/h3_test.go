package sidecar

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/processtest"
)

func TestEarlyDataIsSentInResumedSessionsWhereAskedFor(t *testing.T) {
	authority := newAuthority(t)
	const requests = 20
	for _, test := range []struct {
		options []string
		early   bool
	}{
		{[]string{"--early-data", "--upstream-connections", "fresh"}, true},
		{[]string{"--upstream-connections", "fresh"}, false},
	} {
		hop := newHop(t, authority, "h3", "ecdsa", test.options...)
		hop.fetch(t, requests)
		witness := settled(hop.outbound, func(witness admin.Witness) bool { return witness.Handshakes == requests })
		if witness.Handshakes != requests || witness.UpstreamDials != requests || witness.HandshakesResumed < requests/2 {
			t.Errorf("%v: %d dials, %d handshakes, %d resumed", test.options, witness.UpstreamDials, witness.Handshakes, witness.HandshakesResumed)
		}
		if early := witness.HandshakesEarly; test.early && early < requests/2 || !test.early && early != 0 {
			t.Errorf("%v: %d early of %d", test.options, early, requests)
		}
		// The identity is that of the session: no request is taken from somebody unknown.
		in := hop.inbound.Snapshot().Witness
		if in.RequestsVerified != requests || in.RequestsH3 != requests || witness.UpstreamVerified != requests {
			t.Errorf("%v: inbound %+v", test.options, in)
		}
		if in.ConnectionsAccepted != requests || in.HandshakesRefused != 0 {
			t.Errorf("%v: %d connections accepted, %d refused", test.options, in.ConnectionsAccepted, in.HandshakesRefused)
		}
	}
}

func TestUnsafeRequestsAreNeverEarlyData(t *testing.T) {
	authority := newAuthority(t)
	hop := newHop(t, authority, "h3", "ecdsa", "--early-data", "--upstream-connections", "fresh")
	for range 10 {
		answer, err := http.Post(hop.url+"/digest", "text/plain", strings.NewReader("pay"))
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
	}
	witness := settled(hop.outbound, func(witness admin.Witness) bool { return witness.Handshakes == 10 })
	// Their connections have keys for early data, in which HTTP/3's own settings go.
	if witness.Requests != 10 || witness.UpstreamVerified != 10 {
		t.Errorf("%+v", witness)
	}
}

func TestEarlyDataThatANewServerRefusesIsSentAgain(t *testing.T) {
	authority := newAuthority(t)
	behind := startService(t, authority, side{"http1", "plain"}, service())
	inbound := func(listen string) *processtest.Server {
		return processtest.StartServer(t, append(authority.flags(authority.issueFor("inbound")), "--upstream", behind, "--listen", listen,
			"--listen-protocol", "h3", "--listen-security", "mtls", "--upstream-protocol", "http1", "--early-data")...)
	}
	for _, connections := range []string{"fresh", "pooled"} {
		t.Run(connections, func(t *testing.T) {
			first := inbound("127.0.0.1:0")
			outbound := processtest.StartServer(t, append(authority.flags(authority.issueFor("outbound")), "--upstream", first.Address,
				"--upstream-protocol", "h3", "--upstream-security", "mtls", "--early-data", "--upstream-connections", connections)...)
			hop := hop{outbound, first, "http://" + outbound.Address}
			hop.fetch(t, 5)
			if code, log := first.Stop(); code != 0 {
				t.Fatalf("exit code %d: %s", code, log)
			}
			// It knows none of the first one's sessions, and has no address of its own to be told apart by.
			hop.inbound = inbound(first.Address)
			hop.fetch(t, 10)
			witness := settled(outbound, func(witness admin.Witness) bool { return witness.HandshakesEarly > 0 })
			if connections == "fresh" && witness.HandshakesEarly < 5 {
				t.Errorf("%d early", witness.HandshakesEarly)
			}
			if witness.Requests != 15 {
				t.Errorf("%+v", witness)
			}
		})
	}
}

func TestQUICPeerThatEndsIsNoticedAtOnceAndOneThatIsKilledInTheEnd(t *testing.T) {
	authority := newAuthority(t)
	for _, ending := range []string{"ends", "is killed"} {
		if ending == "is killed" && testing.Short() {
			continue // It takes silenceLimitH3.
		}
		hop := newHop(t, authority, "h3", "ecdsa")
		hop.fetch(t, 1)
		if ending == "ends" {
			hop.inbound.Stop()
		} else {
			kill(t, hop.inbound.PID)
		}
		start := time.Now()
		answer := fetch(t, http.DefaultClient, hop.url+"/size/1")
		took := time.Since(start)
		if answer.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: status %d after %s", ending, answer.StatusCode, took)
		}
		if limit := handshakeLimit + 5*time.Second; ending == "ends" && took > limit {
			t.Errorf("%s: it took %s", ending, took)
		}
		if limit := silenceLimitH3 + handshakeLimit + 10*time.Second; took > limit {
			t.Errorf("%s: it took %s", ending, took)
		}
	}
}

func TestQUICLogsNothingOfItsOwn(t *testing.T) {
	hop := newHop(t, newAuthority(t), "h3", "ecdsa")
	hop.fetch(t, 3)
	if log := hop.log(); log != "" {
		t.Errorf("logged %q", log)
	}
}

func TestGETOverQUICWithABodyKeepsIt(t *testing.T) {
	authority := newAuthority(t)
	path := newPath(t, authority, side{"h3", "mtls"}, side{"http1", "plain"}, service())
	_, body, err := path.send(t, http.MethodGet, "/echo", strings.NewReader("a body all the same"))
	if err != nil || string(body) != "a body all the same" {
		t.Errorf("%q, %v", body, err)
	}
}
