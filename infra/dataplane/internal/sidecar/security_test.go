package sidecar

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/processtest"
)

// hop is two sidecars with mutual TLS between them, as they stand in a mesh.
type hop struct {
	outbound, inbound *processtest.Server
	url               string
}

// newHop starts outbound and inbound with the same options besides their identities.
func newHop(t testing.TB, authority *authority, between, key string, options ...string) hop {
	t.Helper()
	behind := side{"http1", "plain"}
	listenOn, upstreamOf := []string{"--listen-protocol", "http1"}, []string{"--upstream-protocol", "http1"}
	if between == "tcp" {
		listenOn[1], upstreamOf[1] = "tcp", "tcp"
	}
	own := func(name string) []string {
		return authority.flags(authority.issue("spiffe://meshmark/"+name, key, time.Now().Add(time.Hour)))
	}
	start := func(args ...[]string) *processtest.Server {
		var all []string
		for _, some := range append(args, options) {
			all = append(all, some...)
		}
		return processtest.StartServer(t, all...)
	}
	inbound := start([]string{"--role", "inbound", "--upstream", startService(t, authority, behind, service())},
		[]string{"--listen-protocol", between, "--listen-security", "mtls"}, upstreamOf, own("inbound"))
	outbound := start([]string{"--role", "outbound", "--upstream", inbound.Address},
		[]string{"--upstream-protocol", between, "--upstream-security", "mtls"}, listenOn, own("outbound"))
	return hop{outbound, inbound, "http://" + outbound.Address}
}

// fetch sends so many requests one after another and fails the test unless all are answered.
func (h hop) fetch(t testing.TB, requests int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range requests {
		if answer := fetch(t, client, h.url+"/size/100"); answer.StatusCode != http.StatusOK {
			t.Fatalf("status %d; %s", answer.StatusCode, h.log())
		}
	}
}

func (h hop) log() string {
	_, outbound := h.outbound.Stop()
	_, inbound := h.inbound.Stop()
	return outbound + inbound
}

// settled reads the witness once the predicate holds for it, or after a while anyway.
func settled(server *processtest.Server, holds func(admin.Witness) bool) admin.Witness {
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if witness := server.Snapshot().Witness; holds(witness) || time.Now().After(end) {
			return witness
		}
	}
}

func TestKeyVersionAndCipherAreThoseAskedFor(t *testing.T) {
	authority := newAuthority(t)
	for _, test := range []struct {
		between, key, version, cipher string
	}{
		{"http1", "ecdsa", "1.3", "auto"},
		{"http1", "rsa", "1.3", "aes-128-gcm"},
		{"http1", "ecdsa", "1.2", "aes-128-gcm"},
		{"http1", "rsa", "1.2", "aes-256-gcm"},
		{"http1", "ecdsa", "1.2", "chacha20-poly1305"},
		{"http1", "rsa", "1.2", "auto"},
		{"h2", "rsa", "1.3", "auto"},
		{"h2", "ecdsa", "1.2", "aes-256-gcm"},
		{"h2", "rsa", "1.2", "chacha20-poly1305"},
		{"h3", "rsa", "1.3", "auto"},
		{"tcp", "ecdsa", "1.2", "chacha20-poly1305"},
		{"tcp", "rsa", "1.3", "auto"},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			hop := newHop(t, authority, test.between, test.key, "--tls-version", test.version, "--tls-cipher", test.cipher)
			const requests = 5
			hop.fetch(t, requests)
			witness, listener := hop.outbound.Snapshot().Witness, hop.inbound.Snapshot().Witness
			verified := witness.UpstreamVerified
			if test.between == "tcp" && verified != witness.UpstreamDials || test.between != "tcp" && verified != requests {
				t.Errorf("%d verified of %d dials", verified, witness.UpstreamDials)
			}
			if listener.RequestsVerified != verified || listener.UpstreamVerified != 0 || witness.RequestsVerified != 0 {
				t.Errorf("inbound counted %+v", listener)
			}
			check := func(what string, got int64, on bool) {
				if on && got != verified || !on && got != 0 {
					t.Errorf("%s %d of %d, on: %t", what, got, verified, on)
				}
			}
			check("RSA", witness.UpstreamKeyRSA, test.key == "rsa")
			check("ECDSA", witness.UpstreamKeyECDSA, test.key == "ecdsa")
			check("TLS 1.2", witness.UpstreamTLS12, test.version == "1.2")
			check("TLS 1.3", witness.UpstreamTLS13, test.version == "1.3")
			if test.cipher != "auto" {
				check("AES", witness.UpstreamAESGCM, strings.HasPrefix(test.cipher, "aes"))
				check("ChaCha20", witness.UpstreamChaCha20, strings.HasPrefix(test.cipher, "chacha"))
			}
		})
	}
}

func TestProcessorThatSeemsToLackAESGetsChaCha20UnderTLS13(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("no name of the feature is known for " + runtime.GOARCH)
	}
	t.Setenv("GODEBUG", "cpu.pclmulqdq=off,cpu.pmull=off")
	authority := newAuthority(t)
	for _, between := range []string{"http1", "h2", "h3"} {
		hop := newHop(t, authority, between, "ecdsa", "--tls-cipher", "chacha20-poly1305")
		hop.fetch(t, 5)
		if witness := hop.outbound.Snapshot().Witness; witness.UpstreamChaCha20 != 5 || witness.UpstreamAESGCM != 0 {
			t.Errorf("%s: %+v", between, witness)
		}
	}
}

func TestFreshConnectionsAreOneForEachRequestAndPooledOnesAreKept(t *testing.T) {
	authority := newAuthority(t)
	const requests, clients = 20, 4
	for _, between := range []side{{"http1", "plain"}, {"h2", "plain"}, {"http1", "mtls"}, {"h2", "mtls"}, {"h3", "mtls"}} {
		for _, connections := range []string{"fresh", "pooled"} {
			for _, resumption := range []string{"true", "false"} {
				if between.security == "plain" && resumption == "true" {
					continue
				}
				t.Run(fmt.Sprint(between, " ", connections, " resumption ", resumption), func(t *testing.T) {
					listen := side{"http1", "plain"}
					path := newPath(t, authority, listen, between, service(),
						"--upstream-connections", connections, "--tls-resumption="+resumption)
					var all sync.WaitGroup
					for range clients {
						all.Go(func() {
							for range requests / clients {
								if answer, body, err := path.get(t, "/size/1000"); err != nil || answer.StatusCode != 200 || len(body) != 1000 {
									t.Errorf("%v, %v", answer, err)
								}
							}
						})
					}
					all.Wait()
					witness := path.sidecar.Snapshot().Witness
					secured := between.security == "mtls"
					if connections == "fresh" {
						if witness.UpstreamDials != requests || secured && witness.Handshakes != requests {
							t.Errorf("%d dials, %d handshakes for %d requests", witness.UpstreamDials, witness.Handshakes, requests)
						}
					} else if witness.UpstreamDials > 2*clients || witness.Handshakes > witness.UpstreamDials {
						t.Errorf("%d dials, %d handshakes for %d requests", witness.UpstreamDials, witness.Handshakes, requests)
					}
					if !secured && witness.Handshakes != 0 {
						t.Errorf("%d handshakes without TLS", witness.Handshakes)
					}
					switch resumed := witness.HandshakesResumed; {
					case resumption == "false" && resumed != 0:
						t.Errorf("%d resumed", resumed)
					case resumption == "true" && connections == "fresh" && resumed < requests/2:
						t.Errorf("%d of %d resumed", resumed, requests)
					}
				})
			}
		}
	}
}

func TestStreamCutOffUnderTLSIsResetAndNotEnded(t *testing.T) {
	authority := newAuthority(t)
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer upstream.Close()
	config := authority.serverTLS(authority.issueFor("service"), "meshmark-tcp")
	endings := make(chan bool, 1)
	go func() {
		for {
			connection, err := upstream.Accept()
			if err != nil {
				return
			}
			secured := tls.Server(connection, config)
			_, _ = secured.Write([]byte("half"))
			if orderly := <-endings; orderly {
				_ = secured.Close()
			} else {
				_ = connection.Close() // TCP ends in good order, TLS does not.
			}
		}
	}()
	sidecar := processtest.StartServer(t, append(authority.flags(authority.issueFor("sidecar")),
		"--upstream", upstream.Addr().String(), "--listen-protocol", "tcp", "--upstream-security", "mtls")...)
	for _, orderly := range []bool{true, false} {
		client, err := net.Dial("tcp", sidecar.Address)
		if err != nil {
			t.Fatal(err)
		}
		_ = client.SetDeadline(time.Now().Add(5 * time.Second))
		buffer := make([]byte, 4)
		if _, err := io.ReadFull(client, buffer); err != nil {
			t.Fatal(err)
		}
		endings <- orderly
		_, err = client.Read(buffer)
		if (err == io.EOF) != orderly {
			t.Errorf("orderly: %t, the client saw %v", orderly, err)
		}
		client.Close()
	}
}

func TestServerGivesTicketsOnlyWhereResumptionIsOn(t *testing.T) {
	authority := newAuthority(t)
	for _, listen := range []side{{"http1", "mtls"}, {"h2", "mtls"}} {
		for resumption, want := range map[string]bool{"true": true, "false": false} {
			path := newPath(t, authority, listen, side{"http1", "plain"}, service(), "--tls-resumption="+resumption)
			transport := path.client.(*http.Transport)
			transport.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			transport.TLSClientConfig.ServerName = "cached"
			resumed := false
			for range 3 {
				answer, _, err := path.get(t, "/size/1")
				if err != nil {
					t.Fatal(err)
				}
				resumed = answer.TLS.DidResume
				transport.CloseIdleConnections()
			}
			if resumed != want {
				t.Errorf("%s, resumption %s: resumed %t", listen, resumption, resumed)
			}
		}
	}
}
