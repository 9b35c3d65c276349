package lean

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// idleConnections is how many connections the limit on descriptors allows here, up to 10,000: each has two ends.
func idleConnections(t *testing.T) int {
	const wanted, spare = 10_000, 500
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if need := uint64(2*wanted + spare); limit.Cur < need {
		raised := unix.Rlimit{Cur: need, Max: max(need, limit.Max)}
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) == nil {
			t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) })
			return wanted
		}
		count := (int(limit.Cur) - spare) / 2
		t.Logf("%d idle connections, not %d: no more than %d descriptors are allowed here", count, wanted, limit.Cur)
		return count
	}
	return wanted
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestIdleConnectionsHaveNoGoroutineAndLittleMemory(t *testing.T) {
	count := idleConnections(t)
	for _, mode := range []string{"worker-pool", "event-loop"} {
		t.Run(mode, func(t *testing.T) {
			upstream := startService(t, echo)
			proxy := startProxy(t, mode, upstream)
			before := runtime.NumGoroutine()
			connections := make([]int, 0, count)
			t.Cleanup(func() {
				for _, fd := range connections {
					unix.Close(fd)
				}
			})
			address, err := socketAddress(proxy.address)
			if err != nil {
				t.Fatal(err)
			}
			// Blocking sockets, so that this side has no goroutines and hardly any memory either. A few ask first, so that
			// resting after work is looked at too.
			heap := heapInUse()
			answered := make([]byte, 4096)
			for i := range count {
				fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				connections = append(connections, fd)
				four := address.(*unix.SockaddrInet4)
				if err := unix.Connect(fd, &unix.SockaddrInet4{Port: four.Port, Addr: four.Addr}); err != nil {
					t.Fatal(err)
				}
				if i%50 == 0 {
					if _, err := unix.Write(fd, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); err != nil {
						t.Fatal(err)
					}
					if n, err := unix.Read(fd, answered); err != nil || n < 12 || string(answered[:12]) != "HTTP/1.1 200" {
						t.Fatalf("%q, %v", answered[:max(n, 0)], err)
					}
				}
			}
			for deadline := time.Now().Add(10 * time.Second); proxy.counters.ConnectionsAccepted.Load() < int64(count) && time.Now().Before(deadline); {
				time.Sleep(10 * time.Millisecond)
			}
			if accepted := proxy.counters.ConnectionsAccepted.Load(); accepted != int64(count) {
				t.Fatalf("%d accepted of %d", accepted, count)
			}
			// Workers that have had nothing to do for a second or two are dismissed.
			extra := runtime.NumGoroutine() - before
			if extra > 30 {
				t.Errorf("%d goroutines more for %d connections", extra, count)
			}
			each := (heapInUse() - heap) / int64(count)
			if each > 2048 {
				t.Errorf("%d bytes of heap for each idle connection", each)
			}
			t.Logf("%d connections: %d goroutines more, %d bytes each", count, extra, each)
			connection, reader := proxy.connect(t)
			send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			receive(t, reader, "GET")
		})
	}
}
