package sidecar

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"meshmark/dataplane/internal/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, Main) }

// bodySize needs two reads of a copy buffer.
const bodySize = bufferSize + 1000

func startUpstream(t testing.TB) (address string) {
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Seen-Host", request.Host)
		answer.Header().Set("Seen-Forwarded", request.Header.Get("X-Forwarded-For"))
		answer.Header().Set("Seen-Url", request.URL.String())
		_, _ = answer.Write(bytes.Repeat([]byte{'x'}, bodySize))
	}))
	t.Cleanup(upstream.Close)
	return upstream.Listener.Addr().String()
}

func fetch(t testing.TB, client *http.Client, url string) *http.Response {
	t.Helper()
	answer, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Error(err)
	}
	return answer
}

func fetchMany(t testing.TB, address string, connections, each int) {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for range each {
				fetch(t, &http.Client{Transport: transport}, "http://"+address+"/")
			}
		})
	}
	all.Wait()
}

func TestPooledBodiesAllGoThroughThePoolAndFreshOnesNever(t *testing.T) {
	upstream := startUpstream(t)
	for _, protocol := range []string{"http1", "tcp"} {
		for _, buffers := range []string{"fresh", "pooled"} {
			t.Run(protocol+" "+buffers, func(t *testing.T) {
				sidecar := processtest.StartServer(t, "--upstream", upstream, "--listen-protocol", protocol, "--buffers", buffers)
				fetchMany(t, sidecar.Address, 4, 50)
				witness := sidecar.Snapshot().Witness
				if witness.BytesCopied < 200*bodySize {
					t.Errorf("%d bytes copied, want at least %d", witness.BytesCopied, 200*bodySize)
				}
				if protocol == "http1" && (witness.BytesCopied != 200*bodySize || witness.Requests != 200) {
					t.Errorf("counted %+v", witness)
				}
				wantPooled := int64(0)
				if buffers == "pooled" {
					wantPooled = witness.BytesCopied
				}
				if witness.BytesThroughPool != wantPooled {
					t.Errorf("%d bytes through the pool, want %d", witness.BytesThroughPool, wantPooled)
				}
				if (witness.PoolGets > 0) != (buffers == "pooled") || witness.PoolHits > witness.PoolGets {
					t.Errorf("%d gets, %d hits", witness.PoolGets, witness.PoolHits)
				}
				// The race detector has sync.Pool drop a quarter of what is put back.
				if protocol == "http1" && buffers == "pooled" && witness.PoolHits < witness.PoolGets/3 {
					t.Errorf("%d of %d gets were hits", witness.PoolHits, witness.PoolGets)
				}
				// An http.Transport, the client's or the proxy's, may dial and then use a connection freed meanwhile.
				accepted, dials := witness.ConnectionsAccepted, witness.UpstreamDials
				if accepted < 4 || accepted > 20 || dials < 1 || dials > 20 {
					t.Errorf("%d accepted, %d dialled for 200 requests on 4 connections", accepted, dials)
				}
				if protocol == "tcp" && dials != accepted {
					t.Errorf("%d dialled for %d accepted", dials, accepted)
				}
			})
		}
	}
}

func TestTooFewIdleConnectionsShowAsDials(t *testing.T) {
	sidecar := processtest.StartServer(t, "--upstream", startUpstream(t), "--idle-upstream-connections", "1")
	fetchMany(t, sidecar.Address, 8, 25)
	if dials := sidecar.Snapshot().Witness.UpstreamDials; dials <= 8 {
		t.Errorf("%d dials for 200 requests with 1 idle connection", dials)
	}
}

func TestRequestIsForwardedAsItCame(t *testing.T) {
	sidecar := processtest.StartServer(t, "--upstream", startUpstream(t))
	request, _ := http.NewRequest("GET", "http://"+sidecar.Address+"/a/b?c=d", nil)
	request.Host = "shop.example"
	request.Header.Set("X-Forwarded-For", "192.0.2.1")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	got := [3]string{answer.Header.Get("Seen-Host"), answer.Header.Get("Seen-Forwarded"), answer.Header.Get("Seen-Url")}
	if want := [3]string{"shop.example", "192.0.2.1", "/a/b?c=d"}; got != want {
		t.Errorf("the upstream saw %v, want %v", got, want)
	}
}

func TestUpstreamThatRefusesGives502AndFewLines(t *testing.T) {
	nobody, _ := net.Listen("tcp", "127.0.0.1:0")
	address := nobody.Addr().String()
	nobody.Close()
	sidecar := processtest.StartServer(t, "--upstream", address)
	for range 30 {
		if answer := fetch(t, http.DefaultClient, "http://"+sidecar.Address+"/"); answer.StatusCode != http.StatusBadGateway {
			t.Fatalf("status %d, want 502", answer.StatusCode)
		}
	}
	code, log := sidecar.Stop()
	if code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	if lines := strings.Count(log, "\n"); lines != linesLogged+1 || !strings.Contains(log, "30 faults in all") {
		t.Errorf("logged %d lines:\n%s", lines, log)
	}
}

func TestUpstreamThatBreaksOffABodyIsSeenByTheClient(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Length", "100000")
		_, _ = answer.Write(make([]byte, 50000))
		panic(http.ErrAbortHandler)
	}))
	defer upstream.Close()
	sidecar := processtest.StartServer(t, "--upstream", upstream.Listener.Addr().String(), "--buffers", "pooled")
	answer, err := http.Get("http://" + sidecar.Address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.ReadAll(answer.Body); err == nil {
		t.Error("the client took half a body for a whole one")
	}
}

func TestHalfClosedConnectionStillCarriesTheReply(t *testing.T) {
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer upstream.Close()
	go func() {
		connection, err := upstream.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		// Answers only once the request has ended.
		request, _ := io.ReadAll(connection)
		_, _ = connection.Write(bytes.ToUpper(request))
	}()
	sidecar := processtest.StartServer(t, "--listen-protocol", "tcp", "--upstream", upstream.Addr().String())
	client, err := net.DialTimeout("tcp", sidecar.Address, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_ = client.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = client.Write([]byte("hello"))
	_ = client.(*net.TCPConn).CloseWrite()
	if reply, err := io.ReadAll(client); err != nil || string(reply) != "HELLO" {
		t.Errorf("got %q, %v", reply, err)
	}
}

func TestTCPUpstreamThatRefusesResetsTheClient(t *testing.T) {
	nobody, _ := net.Listen("tcp", "127.0.0.1:0")
	address := nobody.Addr().String()
	nobody.Close()
	sidecar := processtest.StartServer(t, "--listen-protocol", "tcp", "--upstream", address)
	client, err := net.Dial("tcp", sidecar.Address)
	if errors.Is(err, syscall.ECONNRESET) {
		return // Reset before it was even looked at.
	}
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_ = client.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := client.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--upstream", "nonsense"},
		{"--upstream", "127.0.0.1:1", "--buffers", "some"},
		{"--upstream", "127.0.0.1:1", "--listen-protocol", "tcp", "--burn-micros", "5"},
		{"--upstream", "127.0.0.1:1", "--forwarding", "sockmap", "--kernel-cgroup", "/"},
		{"--upstream", "127.0.0.1:1", "--listen-protocol", "tcp", "--forwarding", "sockmap"},
		{"--upstream", "127.0.0.1:1", "--listen-protocol", "tcp", "--forwarding", "splice"},
		{"--upstream", "127.0.0.1:1", "--listen-protocol", "tcp", "--kernel-cgroup", "/"},
		{"--upstream", "127.0.0.1:1", "--listen-protocol", "tcp", "--upstream-security", "mtls", "--forwarding", "sockmap",
			"--kernel-cgroup", "/", "--certificate", "c", "--key", "k", "--ca", "a"},
		{"--upstream", "127.0.0.1:1", "--listen-protocol", "h3", "--listen-security", "mtls", "--upstream-security", "mtls",
			"--certificate", "c", "--key", "k", "--ca", "a", "--intercepted"},
		{"--upstream", "127.0.0.1:1", "stray"},
	} {
		var log bytes.Buffer
		if code := Main(args, nil, io.Discard, &log); code != 2 || log.Len() == 0 {
			t.Errorf("%v: exit code %d, log %q", args, code, log.String())
		}
	}
}
