package lean

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
)

// TestARequestOnAKeptConnectionAllocatesNothing counts what the whole process allocates: client and upstream are
// written here so that they allocate nothing either.
func TestARequestOnAKeptConnectionAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has sync.Pool drop what is put back")
	}
	inEveryMode(t, func(t *testing.T, mode string) {
		answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024))
		request := []byte("GET /path HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nAccept: */*\r\nX-Request: 1\r\n\r\n")
		proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			buffer := make([]byte, len(request))
			for {
				if _, err := io.ReadFull(reader, buffer); err != nil {
					return
				}
				if _, err := connection.Write(answer); err != nil {
					return
				}
			}
		}))
		connection, _ := proxy.connect(t)
		buffer := make([]byte, len(answer))
		ask := func() {
			if _, err := connection.Write(request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(connection, buffer); err != nil {
				t.Fatal(err)
			}
		}
		for range 1000 {
			ask()
		}
		const requests = 5000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range requests {
			ask()
		}
		runtime.ReadMemStats(&after)
		each := float64(after.Mallocs-before.Mallocs) / requests
		bytes := float64(after.TotalAlloc-before.TotalAlloc) / requests
		t.Logf("%.3f allocations and %.1f bytes a request", each, bytes)
		// The runtime itself and the sweeps allocate now and then.
		if each > 0.05 {
			t.Errorf("%.3f allocations and %.1f bytes a request", each, bytes)
		}
		if witness := proxy.counters.Read(); witness.Requests != requests+1000 || witness.UpstreamDials != 1 {
			t.Errorf("%+v", witness)
		}
	})
}

// BenchmarkRequest sends one request after another over one connection.
func BenchmarkRequest(b *testing.B) {
	for _, mode := range modes() {
		for _, size := range []int{1024, 65536} {
			b.Run(fmt.Sprintf("%s/%d", mode, size), func(b *testing.B) {
				answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
				request := []byte("GET /path HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n")
				proxy := startProxy(b, mode, rawService(b, func(connection *net.TCPConn, reader *bufio.Reader) {
					buffer := make([]byte, len(request))
					for {
						if _, err := io.ReadFull(reader, buffer); err != nil {
							return
						}
						_, _ = connection.Write(answer)
					}
				}))
				connection, _ := proxy.connect(b)
				buffer := make([]byte, len(answer))
				b.ReportAllocs()
				for b.Loop() {
					_, _ = connection.Write(request)
					if _, err := io.ReadFull(connection, buffer); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
