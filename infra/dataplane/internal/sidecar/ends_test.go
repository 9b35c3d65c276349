package sidecar

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"meshmark/dataplane/internal/processtest"
)

// side is one side of a sidecar: what is spoken there.
type side struct{ protocol, security string }

func (s side) String() string { return s.protocol + "-" + s.security }

func (s side) major() int { return map[string]int{"http1": 1, "h2": 2, "h3": 3}[s.protocol] }

// httpSides are all that carry requests.
var httpSides = []side{{"http1", "plain"}, {"h2", "plain"}, {"http1", "mtls"}, {"h2", "mtls"}, {"h3", "mtls"}}

// eachPair runs the test for every side to listen on with every side upstream.
func eachPair(t *testing.T, test func(t *testing.T, listen, upstream side)) {
	for _, listen := range httpSides {
		for _, upstream := range httpSides {
			t.Run(listen.String()+" to "+upstream.String(), func(t *testing.T) { test(t, listen, upstream) })
		}
	}
}

// patience bounds what a broken sidecar would let a test wait for.
const patience = time.Minute

// path is a client, a sidecar and a service.
type path struct {
	sidecar *processtest.Server
	client  http.RoundTripper
	// url is where the sidecar is, without a path.
	url string
}

// newPath has the sidecar between such a client and such a service. Options come after those of the two sides.
func newPath(t testing.TB, authority *authority, listen, upstream side, service http.Handler, options ...string) *path {
	t.Helper()
	address := startService(t, authority, upstream, service)
	args := append(authority.flags(authority.issueFor("sidecar")),
		"--upstream", address, "--listen-protocol", listen.protocol, "--listen-security", listen.security,
		"--upstream-protocol", upstream.protocol, "--upstream-security", upstream.security)
	sidecar := processtest.StartServer(t, append(args, options...)...)
	return &path{sidecar, newClient(t, listen, authority.issueFor("client")), urlOf(listen, sidecar.Address)}
}

func urlOf(of side, address string) string {
	if of.security == "mtls" {
		return "https://" + address
	}
	return "http://" + address
}

// startService serves the handler by net/http or quic-go themselves, not by the code under test.
func startService(t testing.TB, authority *authority, of side, handler http.Handler) (address string) {
	t.Helper()
	var own workload
	if of.security == "mtls" {
		own = authority.issueFor("service")
	}
	if of.protocol == "h3" {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http3.Server{Handler: handler, TLSConfig: authority.serverTLS(own, "h3")}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = server.Serve(packets)
		}()
		t.Cleanup(func() {
			_ = server.Close()
			<-ended
			packets.Close()
		})
		return packets.LocalAddr().String()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if of.security == "mtls" {
		listener = tls.NewListener(listener, authority.serverTLS(own, applicationProtocols[of.protocol]...))
	}
	server := &http.Server{Handler: handler, Protocols: protocols(of.protocol, of.security)}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return address
}

// newClient speaks the protocol with the workload's certificate, if it has one.
func newClient(t testing.TB, of side, own workload) http.RoundTripper {
	config := clientTLS(own, applicationProtocols[of.protocol]...)
	if of.protocol == "h3" {
		transport := &http3.Transport{TLSClientConfig: config, DisableCompression: true}
		t.Cleanup(func() { _ = transport.Close() })
		return transport
	}
	transport := &http.Transport{
		TLSClientConfig: config, Protocols: protocols(of.protocol, of.security), DisableCompression: true,
		MaxIdleConnsPerHost: 16,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// get returns the answer with its body read, and the error of either.
func (p *path) get(t testing.TB, target string) (*http.Response, []byte, error) {
	t.Helper()
	return p.send(t, http.MethodGet, target, nil)
}

func (p *path) send(t testing.TB, method, target string, body io.Reader) (*http.Response, []byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, p.url+target, body)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.client.RoundTrip(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return answer, content, err
}

// service answers as its paths say: /size/N a body of N bytes of known length, /stream/N the same without a length,
// /break/N so many and then a reset of an answer that promised more, /cut/N the same of one without a length,
// /digest the digest of what it was sent, /echo what it is sent as it comes, /status/N that, /trailers those it was sent.
func service() http.Handler {
	mux := http.NewServeMux()
	number := func(request *http.Request) int {
		value, err := strconv.Atoi(request.PathValue("number"))
		if err != nil {
			panic(err)
		}
		return value
	}
	mux.HandleFunc("/size/{number}", func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Content-Length", strconv.Itoa(number(request)))
		if request.Method != http.MethodHead {
			_, _ = answer.Write(pattern(number(request)))
		}
	})
	mux.HandleFunc("/stream/{number}", func(answer http.ResponseWriter, request *http.Request) {
		answer.WriteHeader(http.StatusOK)
		http.NewResponseController(answer).Flush()
		_, _ = answer.Write(pattern(number(request)))
	})
	mux.HandleFunc("/break/{number}", func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Content-Length", strconv.Itoa(2*number(request)))
		_, _ = answer.Write(pattern(number(request)))
		http.NewResponseController(answer).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/cut/{number}", func(answer http.ResponseWriter, request *http.Request) {
		answer.WriteHeader(http.StatusOK)
		http.NewResponseController(answer).Flush()
		_, _ = answer.Write(pattern(number(request)))
		http.NewResponseController(answer).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/digest", func(answer http.ResponseWriter, request *http.Request) {
		digest := sha256.New()
		count, err := io.Copy(digest, request.Body)
		fmt.Fprintf(answer, "%d %s %v", count, hex.EncodeToString(digest.Sum(nil)), err)
	})
	mux.HandleFunc("/echo", func(answer http.ResponseWriter, request *http.Request) {
		control := http.NewResponseController(answer)
		_ = control.EnableFullDuplex()
		answer.WriteHeader(http.StatusOK)
		_ = control.Flush()
		buffer := make([]byte, 64*1024)
		for {
			count, err := request.Body.Read(buffer)
			if _, failed := answer.Write(buffer[:count]); failed != nil {
				panic(http.ErrAbortHandler)
			}
			_ = control.Flush()
			if err == io.EOF {
				return
			}
			if err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	})
	mux.HandleFunc("/status/{number}", func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Seen-Length", strconv.FormatInt(request.ContentLength, 10))
		answer.WriteHeader(number(request))
	})
	mux.HandleFunc("/trailers", func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Trailer", "Sum")
		_, _ = io.Copy(io.Discard, request.Body)
		_, _ = answer.Write([]byte("body"))
		answer.Header().Set("Sum", "saw "+request.Trailer.Get("Checksum"))
		answer.Header().Set(http.TrailerPrefix+"Unannounced", "as well")
	})
	return mux
}

func pattern(size int) []byte {
	bytes := make([]byte, size)
	for index := range bytes {
		bytes[index] = byte(index * 7 >> 3)
	}
	return bytes
}

// unused is an address that nobody listens on, for TCP and for UDP.
func unused(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	return listener.Addr().String()
}

// kill ends a sidecar without a chance to say so.
func kill(t testing.TB, pid int) {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}
