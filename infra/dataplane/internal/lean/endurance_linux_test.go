package lean

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/admin"
)

func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// within waits for a number to fall to what is wanted.
func within(limit time.Duration, want int, read func() int) (got int) {
	for deadline := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		if got = read(); got <= want || time.Now().After(deadline) {
			return got
		}
	}
}

// misbehave is an upstream that does something else with each request.
func misbehave(connection *net.TCPConn, reader *bufio.Reader) {
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		switch rand.IntN(8) {
		case 0:
			return
		case 1:
			_ = connection.SetLinger(0)
			return
		case 2:
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nshort")
			return
		case 3:
			_, _ = io.WriteString(connection, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
			return
		case 4:
			time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		if len(body) > 0 {
			_, _ = fmt.Fprintf(connection, "%x\r\n%s\r\n", len(body), body)
		}
		_, _ = io.WriteString(connection, "0\r\n\r\n")
	}
}

// pester is a client that does something else with each connection.
func pester(address string) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(2 * time.Second))
	reader := bufio.NewReader(connection)
	for range rand.IntN(6) + 1 {
		body := pattern(rand.IntN(200_000))
		switch rand.IntN(7) {
		case 0:
			_, _ = io.WriteString(connection, "GET / HTTP/1.1\r\nHo")
			return
		case 1:
			_, _ = fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n%s", body)
			return
		case 2:
			_, _ = fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			_ = connection.(*net.TCPConn).SetLinger(0)
			return
		case 3:
			_, _ = io.WriteString(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP")
		case 4:
			_, _ = io.WriteString(connection, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell")
			time.Sleep(time.Millisecond)
			_, _ = io.WriteString(connection, "o\r\n0\r\n\r\n")
		default:
			_, _ = fmt.Fprintf(connection, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return
		}
	}
}

func TestNothingIsLeftOpenWhateverBothSidesDo(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream := rawService(t, misbehave)
		proxy := startProxy(t, mode, upstream, func(o *Options) { o.Workers, o.IdleUpstreamConnections, o.UpstreamConnections = 3, 4, "pooled" })
		time.Sleep(20 * time.Millisecond)
		descriptors, goroutines := openDescriptors(t), runtime.NumGoroutine()
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				for range 40 {
					pester(proxy.address)
				}
			})
		}
		all.Wait()
		// It still works.
		transport := &http.Transport{DisableKeepAlives: true}
		good := 0
		for range 50 {
			answer, err := transport.RoundTrip(must(http.NewRequest("GET", "http://"+proxy.address, http.NoBody)))
			if err != nil {
				continue
			}
			if _, err := io.Copy(io.Discard, answer.Body); err == nil && answer.StatusCode == 200 {
				good++
			}
			answer.Body.Close()
		}
		if good < 10 {
			t.Errorf("%d good answers of 50", good)
		}
		// Idle upstream connections stay, with a goroutine and a descriptor of the upstream's each.
		if left := within(8*time.Second, descriptors+2*4, func() int { return openDescriptors(t) }); left > descriptors+2*4 {
			t.Errorf("%d descriptors are open, %d at the start", left, descriptors)
		}
		if left := within(8*time.Second, goroutines+4+3, runtime.NumGoroutine); left > goroutines+4+3 {
			buffer := make([]byte, 1<<20)
			t.Errorf("%d goroutines, %d at the start:\n%s", left, goroutines, buffer[:runtime.Stack(buffer, true)])
		}
		if bound := proxy.counters.WorkersBound.Load(); mode == "worker-pool" && proxy.counters.WorkersPeak.Load() != bound {
			t.Errorf("%d workers at most, of %d", proxy.counters.WorkersPeak.Load(), bound)
		}
	})
}

func TestHalfARequestHoldsNoWorker(t *testing.T) {
	proxy := startProxy(t, "worker-pool", startService(t, echo), func(o *Options) { o.Workers = 1 })
	slow, slowReader := proxy.connect(t)
	send(t, slow, "GET /slow HTTP/1.1\r\nHo")
	time.Sleep(20 * time.Millisecond)
	connection, reader := proxy.connect(t)
	send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	receive(t, reader, "GET")
	send(t, slow, "st: a\r\n\r\n")
	if answer, _ := receive(t, slowReader, "GET"); answer.Header.Get("Seen") != "GET /slow a 0" {
		t.Errorf("%v", answer.Header)
	}
}

func TestAConnectionWithMuchToDoGivesOthersTheirTurn(t *testing.T) {
	counters := &admin.Counters{}
	proxy := &proxy{options: Options{UpstreamConnections: "pooled"}, counters: counters, memory: newMemory("pooled", counters)}
	reactor, err := newReactor(proxy, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	reactor.notify = func(*session) {}
	defer reactor.close()
	pair := func() (ours, theirs int) {
		ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(ends[1]) })
		return ends[0], ends[1]
	}
	s := &session{exchange: exchange{proxy: proxy}}
	var clientPeer, upstreamPeer int
	s.client.fd, clientPeer = pair()
	s.client.writable = true
	reactor.adopt(s)
	s.upstream = &endpoint{writable: true, readable: true}
	s.upstream.fd, upstreamPeer = pair()
	s.upstream.session.Store(s)
	if err := reactor.watch(s.upstream); err != nil {
		t.Fatal(err)
	}
	s.inFilled(copy(s.inSpace(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	if found, err := s.next(); !found || err != nil {
		t.Fatal(found, err)
	}
	s.phase = exchanging
	// Every interim answer is read, and written, by itself.
	want := strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 2*fairTurns) + "HTTP/1.1 204 No Content\r\n\r\n"
	if _, err := unix.Write(upstreamPeer, []byte(want)); err != nil {
		t.Fatal(err)
	}
	turns := 1
	for ; s.run() == busy; turns++ {
	}
	got := make([]byte, 2*len(want))
	count, err := unix.Read(clientPeer, got)
	if err != nil || string(got[:count]) != want {
		t.Errorf("the client got %d bytes of %d, %v", count, len(want), err)
	}
	if turns < 3 {
		t.Errorf("done after %d turns", turns)
	}
	s.end()
}

func TestAnIdleConnectionThatTheUpstreamEndsIsClosed(t *testing.T) {
	for _, mode := range []string{"worker-pool", "event-loop"} {
		t.Run(mode, func(t *testing.T) {
			closed := make(chan error, 1)
			proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
				_, _ = readHead(reader)
				_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				_ = connection.CloseWrite()
				_, err := reader.ReadByte()
				closed <- err
			}))
			connection, reader := proxy.connect(t)
			send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			receive(t, reader, "GET")
			if err := <-closed; err != io.EOF {
				t.Errorf("the connection was not closed: %v", err)
			}
		})
	}
}
