package lean

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

// modes are the ways of serving that this platform has.
func modes() []string {
	if runtime.GOOS == "linux" {
		return []string{"goroutine", "worker-pool", "event-loop"}
	}
	return []string{"goroutine"}
}

// inEveryMode runs a test against a proxy of each kind.
func inEveryMode(t *testing.T, test func(t *testing.T, mode string)) {
	for _, mode := range modes() {
		t.Run(mode, func(t *testing.T) { test(t, mode) })
	}
}

// served is a proxy that serves.
type served struct {
	address  string
	counters *admin.Counters
	mutex    sync.Mutex
	reports  []string
}

func (r *served) reported() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return strings.Join(r.reports, "\n")
}

// startProxy serves until the test's end, and checks that serving ends then.
func startProxy(t testing.TB, mode, upstream string, change ...func(*Options)) *served {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startProxyOn(t, listener, mode, upstream, change...)
}

func startProxyOn(t testing.TB, listener net.Listener, mode, upstream string, change ...func(*Options)) *served {
	t.Helper()
	proxy := &served{address: listener.Addr().String(), counters: &admin.Counters{}}
	options := Options{
		Upstream: upstream, Concurrency: mode, Workers: 16, Buffers: "pooled", UpstreamConnections: "pooled",
		IdleUpstreamConnections: 64, HopTimes: true,
	}
	for _, change := range change {
		change(&options)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, listener, options, proxy.counters, func(line string) {
			proxy.mutex.Lock()
			defer proxy.mutex.Unlock()
			proxy.reports = append(proxy.reports, line)
		})
	}()
	t.Cleanup(func() {
		cancel()
		listener.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("serving ended with %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("serving did not end with its context")
		}
	})
	return proxy
}

func startService(t testing.TB, handler http.HandlerFunc) (address string) {
	service := httptest.NewServer(handler)
	t.Cleanup(service.Close)
	return service.Listener.Addr().String()
}

// rawService is an upstream that does to each connection what the test says.
func rawService(t testing.TB, serve func(connection *net.TCPConn, reader *bufio.Reader)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer connection.Close()
				_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
				serve(connection.(*net.TCPConn), bufio.NewReader(connection))
			})
		}
	}()
	return listener.Addr().String()
}

// readHead reads up to the empty line.
func readHead(reader *bufio.Reader) (head string, err error) {
	for {
		line, err := reader.ReadString('\n')
		head += line
		if err != nil || line == "\r\n" {
			return head, err
		}
	}
}

// connect opens a connection to the proxy that ends with the test, and on which nothing waits for ever.
func (r *served) connect(t testing.TB) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	connection, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
	return connection.(*net.TCPConn), bufio.NewReader(connection)
}

func send(t testing.TB, connection net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
}

func receive(t testing.TB, reader *bufio.Reader, method string) (*http.Response, string) {
	t.Helper()
	answer, err := http.ReadResponse(reader, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(body), err)
	}
	return answer, string(body)
}

// pattern is a body in which every piece looks different.
func pattern(size int) []byte {
	bytes := make([]byte, size)
	state := uint32(1)
	for i := range bytes {
		state = state*1664525 + 1013904223
		bytes[i] = byte(state >> 24)
	}
	return bytes
}

func echo(answer http.ResponseWriter, request *http.Request) {
	answer.Header().Set("Seen", fmt.Sprint(request.Method, " ", request.URL, " ", request.Host, " ", request.ContentLength))
	_ = http.NewResponseController(answer).EnableFullDuplex()
	_, _ = io.Copy(answer, request.Body)
}

func TestRequestsAndAnswersOfEveryShapeArePassedOn(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		proxy := startProxy(t, mode, startService(t, echo))
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		requests := int64(0)
		for _, size := range []int{0, 1, 1000, headBuffer, bodyBuffer - headroom, bodyBuffer, 100_000, 1 << 20} {
			for _, chunked := range []bool{false, true} {
				want := pattern(size)
				var body io.Reader = bytes.NewReader(want)
				if chunked {
					body = io.MultiReader(body)
				}
				answer, err := client.Post("http://"+proxy.address+"/a/b?c=d", "text/plain", body)
				if err != nil {
					t.Fatalf("%d bytes, chunked %v: %v", size, chunked, err)
				}
				got, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%d bytes, chunked %v: got %d bytes back, %v", size, chunked, len(got), err)
				}
				length := int64(size)
				if chunked {
					length = -1
				}
				if seen := answer.Header.Get("Seen"); seen != fmt.Sprint("POST /a/b?c=d ", proxy.address, " ", length) {
					t.Fatalf("the service saw %q", seen)
				}
				requests++
			}
		}
		witness := proxy.counters.Read()
		want := [4]int64{requests, requests, requests, requests}
		if got := [4]int64{witness.Requests, witness.RequestsHTTP1, witness.RequestsLean, witness.UpstreamHTTP1}; got != want {
			t.Errorf("counted %v, want %v", got, want)
		}
		if witness.TimedRequests != requests || witness.UpstreamNs <= 0 || witness.ServedNs < witness.UpstreamNs {
			t.Errorf("times: %+v", witness)
		}
		if witness.UpstreamDials != 1 {
			t.Errorf("%d dials for one connection", witness.UpstreamDials)
		}
	})
}

func TestPooledBodiesAllGoThroughThePoolAndFreshOnesNever(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		for _, buffers := range []string{"fresh", "pooled"} {
			for _, size := range []int{100, 3*bodyBuffer + 1} {
				service := startService(t, func(answer http.ResponseWriter, _ *http.Request) { _, _ = answer.Write(pattern(size)) })
				proxy := startProxy(t, mode, service, func(o *Options) { o.Buffers = buffers })
				transport := &http.Transport{MaxIdleConnsPerHost: 4}
				var all sync.WaitGroup
				for range 4 {
					all.Go(func() {
						for range 50 {
							answer, err := (&http.Client{Transport: transport}).Get("http://" + proxy.address)
							if err != nil {
								t.Error(err)
								return
							}
							if count, err := io.Copy(io.Discard, answer.Body); err != nil || count != int64(size) {
								t.Errorf("%d bytes, %v", count, err)
							}
							answer.Body.Close()
						}
					})
				}
				all.Wait()
				transport.CloseIdleConnections()
				witness := proxy.counters.Read()
				want := int64(200 * size)
				if witness.BytesCopied != want {
					t.Errorf("%s: %d bytes copied, want %d", buffers, witness.BytesCopied, want)
				}
				if buffers == "fresh" {
					want = 0
				}
				if witness.BytesThroughPool != want || (witness.PoolGets >= 200) != (buffers == "pooled") {
					t.Errorf("%s: %d bytes through the pool, want %d; %d gets", buffers, witness.BytesThroughPool, want, witness.PoolGets)
				}
				// The race detector has sync.Pool drop a quarter of what is put back.
				if buffers == "pooled" && (witness.PoolHits < witness.PoolGets/3 || witness.PoolHits >= witness.PoolGets) {
					t.Errorf("%d of %d gets were hits", witness.PoolHits, witness.PoolGets)
				}
			}
		}
	})
}

func TestFreshConnectionsAreDialledForEachRequest(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		var opened atomic.Int64
		service := httptest.NewUnstartedServer(http.HandlerFunc(echo))
		service.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		service.Start()
		defer service.Close()
		proxy := startProxy(t, mode, service.Listener.Addr().String(), func(o *Options) { o.UpstreamConnections = "fresh" })
		connection, reader := proxy.connect(t)
		for range 20 {
			send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if answer, _ := receive(t, reader, "GET"); answer.Close {
				t.Fatal("the client is told to close, for the upstream's connection was closed")
			}
		}
		if dials := proxy.counters.UpstreamDials.Load(); dials != 20 || opened.Load() != 20 {
			t.Errorf("%d dials, %d connections opened", dials, opened.Load())
		}
	})
}
