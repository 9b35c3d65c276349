package cpushares

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// peers are the two ends of mutual TLS with a self-signed key.
type peers struct{ server, client *tls.Config }

func peersWith(t *testing.T, key crypto.Signer, version uint16, suites ...uint16) peers {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"peer"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	config := tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, ServerName: "peer",
		MinVersion: version, MaxVersion: version, CipherSuites: suites,
	}
	return peers{config.Clone(), config.Clone()}
}

// exchange makes one connection over loopback and sends so many bytes from the client to the server.
func (p peers) exchange(t *testing.T, size int) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", p.server)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	received := make(chan int64, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			received <- -1
			return
		}
		defer connection.Close()
		count, _ := io.Copy(io.Discard, connection)
		received <- count
	}()
	connection, err := tls.Dial("tcp", listener.Addr().String(), p.client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	connection.Close()
	if got := <-received; got != int64(size) {
		t.Fatalf("%d bytes arrived of %d", got, size)
	}
}

// profiled takes a profile of this process while work is repeated.
func profiled(t *testing.T, seconds string, work func()) Answer {
	t.Helper()
	server := httptest.NewServer(Handler("outbound"))
	defer server.Close()
	var done sync.WaitGroup
	stop := make(chan struct{})
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				work()
			}
		}
	})
	answer, err := http.Get(server.URL + "?seconds=" + seconds)
	close(stop)
	done.Wait()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got Answer
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func (s Shares) of(category Category) float64 {
	return float64(s.Categories[category].Samples) / float64(max(s.Samples, 1))
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecdsaKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// needsOwnTime skips a test of where time goes under the race detector, which has most of it.
func needsOwnTime(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector takes most of what is profiled; run without -race")
	}
}

func TestHandshakesWithRSASignMoreThanThoseWithECDSA(t *testing.T) {
	needsOwnTime(t)
	withRSA := peersWith(t, rsaKey(t), tls.VersionTLS13)
	withECDSA := peersWith(t, ecdsaKey(t), tls.VersionTLS13)
	rsaShares := profiled(t, "1.5", func() { withRSA.exchange(t, 1) })
	// Signing is a tenth of these and the exchange of keys a fifth: 4 s have enough samples to tell the two apart.
	ecdsaShares := profiled(t, "4", func() { withECDSA.exchange(t, 1) })
	if rsaShares.of(PrivateKey) < 0.4 {
		t.Errorf("signing with RSA-2048 is %.2f of its handshakes, want most; %+v", rsaShares.of(PrivateKey), rsaShares)
	}
	if own := ecdsaShares.of(PrivateKey); own <= 0 || own > rsaShares.of(PrivateKey)/2 {
		t.Errorf("signing is %.2f with ECDSA and %.2f with RSA", own, rsaShares.of(PrivateKey))
	}
	// P-256 takes longer to verify and to exchange keys than to sign.
	for _, category := range []Category{Verification, KeyExchange, KeyEncapsulation, Symmetric, Other} {
		if ecdsaShares.of(category) <= 0 {
			t.Errorf("no sample of %s in ECDSA's handshakes: %+v", category, ecdsaShares)
		}
	}
	if ecdsaShares.of(KeyExchange) <= ecdsaShares.of(PrivateKey) {
		t.Errorf("key exchange %.3f is not above signing %.3f", ecdsaShares.of(KeyExchange), ecdsaShares.of(PrivateKey))
	}
}

func TestBulkTrafficIsSymmetric(t *testing.T) {
	needsOwnTime(t)
	for name, suite := range map[string]uint16{
		"AES-GCM":  tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		"ChaCha20": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	} {
		both := peersWith(t, ecdsaKey(t), tls.VersionTLS12, suite)
		shares := profiled(t, "0.8", func() { both.exchange(t, 64<<20) })
		if shares.of(Symmetric) < 0.25 || shares.of(PrivateKey) > 0.05 {
			t.Errorf("%s: %.2f symmetric, %.2f private key, in bulk", name, shares.of(Symmetric), shares.of(PrivateKey))
		}
		if leaf := shares.Categories[Symmetric].Top[0].Function; !strings.Contains(leaf, "gcm") && !strings.Contains(leaf, "chacha20") {
			t.Errorf("%s: the function with the most samples is %s", name, leaf)
		}
	}
}

func TestSamplesAddUpAndAgreeWithTheProcessesClock(t *testing.T) {
	needsOwnTime(t)
	key := ecdsaKey(t)
	digest := make([]byte, 32)
	shares := profiled(t, "1", func() { _, _ = ecdsa.SignASN1(rand.Reader, key, digest) })
	var samples, cpuNs int64
	for _, category := range Categories {
		own := shares.Categories[category]
		samples += own.Samples
		cpuNs += own.CPUNs
		if len(own.Top) > topFunctions {
			t.Errorf("%d functions of %s", len(own.Top), category)
		}
	}
	if samples != shares.Samples || cpuNs != shares.ProfiledCPUNs || samples == 0 {
		t.Errorf("categories have %d samples and %d ns, the whole %d and %d", samples, cpuNs, shares.Samples, shares.ProfiledCPUNs)
	}
	if shares.of(PrivateKey) < 0.8 {
		t.Errorf("signing alone is %.2f private-key work", shares.of(PrivateKey))
	}
	if shares.ProcessCPUNs == nil {
		t.Skip("this platform has no CPU clock of a process")
	}
	if ratio := float64(shares.ProfiledCPUNs) / float64(*shares.ProcessCPUNs); ratio < 0.8 || ratio > 1.2 {
		t.Errorf("the profile has %.2f of the CPU that the clock counted", ratio)
	}
}

func TestOneProfileAtATimeAndNoOther(t *testing.T) {
	server := httptest.NewServer(Handler("outbound"))
	defer server.Close()
	status := func(query string) int {
		answer, err := http.Get(server.URL + query)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for _, wrong := range []string{"?seconds=0", "?seconds=-1", "?seconds=NaN", "?seconds=601", "?seconds=soon"} {
		if got := status(wrong); got != http.StatusBadRequest {
			t.Errorf("%s: status %d", wrong, got)
		}
	}
	first := make(chan int, 1)
	go func() { first <- status("?seconds=0.5") }()
	time.Sleep(150 * time.Millisecond)
	if got := status("?seconds=0.1"); got != http.StatusConflict {
		t.Errorf("a second asker got %d", got)
	}
	if got := <-first; got != http.StatusOK {
		t.Errorf("the first asker got %d", got)
	}
}
