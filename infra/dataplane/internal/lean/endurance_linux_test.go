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
	"sync"
	"testing"
	"time"
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

func TestOneBusyConnectionDoesNotHoldUpTheLoop(t *testing.T) {
	proxy := startProxy(t, "event-loop", startService(t, func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/endless" {
			block := make([]byte, 1<<20)
			for request.Context().Err() == nil {
				if _, err := answer.Write(block); err != nil {
					return
				}
			}
		}
	}), func(o *Options) { o.Loops = 1 })
	for range 4 {
		connection, reader := proxy.connect(t)
		send(t, connection, "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
		go func() { _, _ = io.Copy(io.Discard, reader) }()
	}
	connection, reader := proxy.connect(t)
	for range 50 {
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		receive(t, reader, "GET")
	}
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
