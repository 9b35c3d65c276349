package lean

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

// identity is a certificate that is its own authority.
func identity(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestBothSidesMayBeEncrypted(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			certificate, pool := identity(t)
			server := &tls.Config{
				Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
				MinVersion: version, MaxVersion: version,
			}
			client := &tls.Config{
				Certificates: []tls.Certificate{certificate}, RootCAs: pool, ServerName: "test", MinVersion: version, MaxVersion: version,
			}
			service := httptest.NewUnstartedServer(http.HandlerFunc(echo))
			service.TLS = server
			service.StartTLS()
			defer service.Close()
			plain, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var handshakes, upstreamHandshakes, verified, upstreamVerified atomic.Int64
			proxy := startProxyOn(t, tls.NewListener(plain, server), "goroutine", service.Listener.Addr().String(), func(o *Options) {
				o.UpstreamTLS = client
				o.ClientHandshake = func(state tls.ConnectionState) func() {
					handshakes.Add(1)
					if len(state.VerifiedChains) == 0 {
						return nil
					}
					return func() { verified.Add(1) }
				}
				o.UpstreamHandshake = func(state tls.ConnectionState) func() {
					upstreamHandshakes.Add(1)
					if state.Version != version {
						t.Errorf("version %x", state.Version)
					}
					return func() { upstreamVerified.Add(1) }
				}
			})
			transport := &http.Transport{TLSClientConfig: client, MaxConnsPerHost: 1}
			defer transport.CloseIdleConnections()
			want := pattern(300_000)
			for i := range 20 {
				request, _ := http.NewRequest("POST", fmt.Sprintf("https://%s/%d", proxy.address, i), io.MultiReader(&patternReader{left: want}))
				answer, err := transport.RoundTrip(request)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if string(got) != string(want) || err != nil {
					t.Fatalf("request %d: %d bytes, %v", i, len(got), err)
				}
			}
			counts := [4]int64{handshakes.Load(), upstreamHandshakes.Load(), verified.Load(), upstreamVerified.Load()}
			if want := [4]int64{1, 1, 20, 20}; counts != want {
				t.Errorf("counted %v, want %v", counts, want)
			}
			if dials := proxy.counters.UpstreamDials.Load(); dials != 1 {
				t.Errorf("%d dials: an idle encrypted connection was taken for ended", dials)
			}
			// An upstream that closes says so by an alert, which must be noticed before a request is risked.
			service.CloseClientConnections()
			time.Sleep(50 * time.Millisecond)
			request, _ := http.NewRequest("POST", "https://"+proxy.address, http.NoBody)
			answer, err := transport.RoundTrip(request)
			if err != nil || answer.StatusCode != 200 {
				t.Errorf("after the upstream closed: %v, %v", answer, err)
			} else {
				answer.Body.Close()
			}
			// Somebody without a certificate is refused.
			stranger, err := tls.Dial("tcp", proxy.address, &tls.Config{RootCAs: pool, ServerName: "test", MinVersion: version, MaxVersion: version})
			if err == nil {
				_, err = stranger.Read(make([]byte, 1))
				stranger.Close()
			}
			if err == nil {
				t.Error("a client without a certificate was let in")
			}
			for deadline := time.Now().Add(5 * time.Second); proxy.counters.HandshakesRefused.Load() == 0 && time.Now().Before(deadline); {
				time.Sleep(5 * time.Millisecond)
			}
			if refused := proxy.counters.HandshakesRefused.Load(); refused != 1 {
				t.Errorf("%d handshakes refused", refused)
			}
		})
	}
}

type patternReader struct{ left []byte }

func (r *patternReader) Read(into []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	count := copy(into, r.left)
	r.left = r.left[count:]
	return count, nil
}

func TestAnEncryptedAnswerThatBreaksOffNeverLooksWhole(t *testing.T) {
	certificate, pool := identity(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	upstream := startService(t, func(answer http.ResponseWriter, _ *http.Request) {
		// Until the connection closes: only the manner of its end tells.
		connection, buffered, err := http.NewResponseController(answer).Hijack()
		if err != nil {
			return
		}
		_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\n\r\nsome of it")
		_ = buffered.Flush()
		time.Sleep(50 * time.Millisecond)
		abort(connection)
	})
	proxy := startProxyOn(t, listener, "goroutine", upstream)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "test"}}
	defer transport.CloseIdleConnections()
	request, _ := http.NewRequest("GET", "https://"+proxy.address, http.NoBody)
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("%q looks whole", body)
	}
}

func TestTLSIsRefusedWhereItWouldBlock(t *testing.T) {
	certificate, _ := identity(t)
	for _, mode := range modes()[1:] {
		plain, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{certificate}})
		options := Options{
			Upstream: "127.0.0.1:1", Concurrency: mode, Workers: 1, Buffers: "fresh", UpstreamConnections: "fresh",
		}
		if err := Serve(t.Context(), listener, options, &admin.Counters{}, nil); err == nil {
			t.Errorf("%s took a TLS listener", mode)
		}
		options.UpstreamTLS = &tls.Config{}
		if err := Serve(t.Context(), plain, options, &admin.Counters{}, nil); err == nil {
			t.Errorf("%s took TLS to the upstream", mode)
		}
		listener.Close()
	}
}
