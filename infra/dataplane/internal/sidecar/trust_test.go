package sidecar

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/processtest"
)

func TestResumedSessionsStillShowWhoThePeersAre(t *testing.T) {
	authority := newAuthority(t)
	for _, version := range []string{"1.2", "1.3"} {
		for _, between := range []string{"http1", "h2", "h3"} {
			if between == "h3" && version == "1.2" {
				continue
			}
			hop := newHop(t, authority, between, "ecdsa", "--upstream-connections", "fresh", "--tls-version", version)
			hop.fetch(t, 10)
			out, in := hop.outbound.Snapshot().Witness, hop.inbound.Snapshot().Witness
			if out.HandshakesResumed < 8 || out.UpstreamVerified != 10 || out.UpstreamKeyECDSA != 10 || in.RequestsVerified != 10 {
				t.Errorf("%s over TLS %s: %d resumed, %d and %d verified", between, version, out.HandshakesResumed,
					out.UpstreamVerified, in.RequestsVerified)
			}
		}
	}
}

func TestResumedSessionOfAnExpiredOrStrangePeerIsRefusedByTheClient(t *testing.T) {
	authority := newAuthority(t)
	own, err := loadIdentity(optionsOf(authority, authority.issueFor("client")))
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]workload{
		"expired": authority.issue("spiffe://meshmark/server", "ecdsa", time.Now().Add(-time.Minute)),
		"strange": authority.issue("spiffe://elsewhere/server", "ecdsa", time.Now().Add(time.Hour)),
	} {
		leaf, err := tls.X509KeyPair(read(t, of.certificateFile), read(t, of.keyFile))
		if err != nil {
			t.Fatal(err)
		}
		state := tls.ConnectionState{DidResume: true}
		state.PeerCertificates = append(state.PeerCertificates, leaf.Leaf)
		if own.verifyServer(state) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestClientWithoutATrustedCertificateIsRefused(t *testing.T) {
	authority, stranger := newAuthority(t), newAuthority(t)
	for _, listen := range []side{{"http1", "mtls"}, {"h2", "mtls"}, {"h3", "mtls"}, {"tcp", "mtls"}} {
		reached := make(chan struct{}, 100)
		behind := startService(t, authority, side{"http1", "plain"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			reached <- struct{}{}
		}))
		upstreamProtocol := "http1"
		if listen.protocol == "tcp" {
			upstreamProtocol = "tcp"
		}
		sidecar := processtest.StartServer(t, append(authority.flags(authority.issueFor("sidecar")), "--upstream", behind,
			"--listen-protocol", listen.protocol, "--listen-security", "mtls", "--upstream-protocol", upstreamProtocol)...)
		refused := int64(0)
		for name, own := range map[string]workload{
			"none":          {},
			"untrusted":     stranger.issueFor("client"),
			"expired":       authority.issue("spiffe://meshmark/client", "ecdsa", time.Now().Add(-time.Minute)),
			"other domain":  authority.issue("spiffe://elsewhere/client", "ecdsa", time.Now().Add(time.Hour)),
			"similar names": authority.issue("spiffe://meshmarket/client", "ecdsa", time.Now().Add(time.Hour)),
		} {
			t.Run(listen.String()+" "+name, func(t *testing.T) {
				clientSide := listen
				if listen.protocol == "tcp" {
					clientSide.protocol = "http1"
				}
				client := newClient(t, clientSide, own)
				if listen.protocol == "tcp" {
					client.(*http.Transport).TLSClientConfig.NextProtos = applicationProtocols["tcp"]
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+sidecar.Address+"/", nil)
				answer, err := client.RoundTrip(request)
				if err == nil {
					answer.Body.Close()
					t.Errorf("answered with %d", answer.StatusCode)
				}
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("neither refused nor answered")
				}
			})
			refused++
		}
		witness := settled(sidecar, func(witness admin.Witness) bool { return witness.HandshakesRefused >= refused })
		// A client may try again.
		if witness.HandshakesRefused < refused || witness.Requests != 0 || witness.RequestsVerified != 0 || len(reached) != 0 {
			t.Errorf("%s: %+v, %d requests reached the service", listen, witness, len(reached))
		}
		trusted := newClient(t, listen, authority.issueFor("client"))
		if listen.protocol != "tcp" {
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+sidecar.Address+"/", nil)
			answer, err := trusted.RoundTrip(request)
			if err != nil {
				t.Errorf("%s: a trusted client: %v", listen, err)
			} else {
				answer.Body.Close()
			}
		}
	}
}

func TestServerThatIsNotTrustedGets502AndNoRequest(t *testing.T) {
	authority, stranger := newAuthority(t), newAuthority(t)
	for _, upstream := range []side{{"http1", "mtls"}, {"h2", "mtls"}, {"h3", "mtls"}} {
		for name, own := range map[string]workload{
			"untrusted":    stranger.issueFor("inbound"),
			"expired":      authority.issue("spiffe://meshmark/inbound", "ecdsa", time.Now().Add(-time.Minute)),
			"other domain": authority.issue("spiffe://elsewhere/inbound", "ecdsa", time.Now().Add(time.Hour)),
		} {
			t.Run(upstream.String()+" "+name, func(t *testing.T) {
				behind := startService(t, authority, side{"http1", "plain"}, service())
				// The inbound sidecar trusts outbound, which need not trust it.
				inbound := processtest.StartServer(t, "--upstream", behind, "--upstream-protocol", "http1",
					"--listen-protocol", upstream.protocol, "--listen-security", "mtls",
					"--certificate", own.certificateFile, "--key", own.keyFile, "--ca", authority.file)
				outbound := processtest.StartServer(t, append(authority.flags(authority.issueFor("outbound")),
					"--upstream", inbound.Address, "--upstream-protocol", upstream.protocol, "--upstream-security", "mtls")...)
				answer := fetch(t, http.DefaultClient, "http://"+outbound.Address+"/size/1")
				if answer.StatusCode != http.StatusBadGateway {
					t.Errorf("status %d", answer.StatusCode)
				}
				in := settled(inbound, func(witness admin.Witness) bool { return witness.HandshakesRefused > 0 })
				out := outbound.Snapshot().Witness
				if in.Requests != 0 || in.HandshakesRefused == 0 || out.UpstreamVerified != 0 || out.Handshakes != 0 {
					t.Errorf("inbound %+v, outbound %+v", in, out)
				}
			})
		}
	}
}

func TestMissingOrWrongIdentityStopsTheStart(t *testing.T) {
	authority, other := newAuthority(t), newAuthority(t)
	own, stranger := authority.issueFor("a"), other.issueFor("b")
	for name, args := range map[string][]string{
		"no such file":       {"--certificate", "/nowhere", "--key", own.keyFile, "--ca", authority.file},
		"another one's key":  {"--certificate", own.certificateFile, "--key", stranger.keyFile, "--ca", authority.file},
		"a key as authority": {"--certificate", own.certificateFile, "--key", own.keyFile, "--ca", own.keyFile},
	} {
		var log strings.Builder
		code := Main(append(args, "--upstream", "127.0.0.1:1", "--listen-security", "mtls"), nil, io.Discard, &log)
		if code != 1 || !strings.Contains(log.String(), "--") {
			t.Errorf("%s: exit code %d, %q", name, code, log.String())
		}
	}
}
