package lean

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/duties"
)

func TestAnAnswerThatBreaksOffNeverLooksWhole(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		for name, start := range map[string]string{
			"with a length":   "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 50_000),
			"chunked":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\n" + strings.Repeat("x", 50_000) + "\r\n",
			"until the end":   "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 50_000),
			"bad chunk":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzzz\r\n",
			"end in a chunk":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\nabc",
			"end at a length": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
		} {
			upstream := rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
				_, _ = readHead(reader)
				_, _ = io.WriteString(connection, start)
				if !strings.HasPrefix(name, "end") {
					// Later, so that a reset does not overtake the bytes.
					time.Sleep(50 * time.Millisecond)
					_ = connection.SetLinger(0)
				}
			})
			proxy := startProxy(t, mode, upstream)
			connection, reader := proxy.connect(t)
			send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			answer, err := http.ReadResponse(reader, nil)
			if err != nil {
				continue // Broken off before the head was read: not whole either.
			}
			if body, err := io.ReadAll(answer.Body); err == nil {
				t.Errorf("%s: %d bytes look whole", name, len(body))
			}
			if !strings.Contains(proxy.reported(), "upstream "+upstream) {
				t.Errorf("%s: reported %q", name, proxy.reported())
			}
		}
	})
}

func TestARequestThatBreaksOffNeverLooksWhole(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		for name, start := range map[string]string{
			"with a length": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
			"chunked":       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n",
			"bad chunk":     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
		} {
			for _, reset := range []bool{false, true} {
				results := make(chan error, 1)
				proxy := startProxy(t, mode, startService(t, func(_ http.ResponseWriter, request *http.Request) {
					_, err := io.Copy(io.Discard, request.Body)
					results <- err
				}))
				connection, _ := proxy.connect(t)
				send(t, connection, start)
				time.Sleep(20 * time.Millisecond)
				send(t, connection, strings.Repeat("x", 50_000))
				if reset {
					_ = connection.SetLinger(0)
				}
				connection.Close()
				select {
				case err := <-results:
					if err == nil {
						t.Errorf("%s, reset %v: the service took the body for whole", name, reset)
					}
				case <-time.After(10 * time.Second):
					t.Errorf("%s, reset %v: the service never learnt that the body ended", name, reset)
				}
			}
		}
	})
}

func TestAnUpstreamThatRefusesIsAnsweredForAndTheClientStays(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		nobody, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := nobody.Addr().String()
		nobody.Close()
		proxy := startProxy(t, mode, address)
		connection, reader := proxy.connect(t)
		for range 5 {
			send(t, connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
			if answer, _ := receive(t, reader, "POST"); answer.StatusCode != 502 || answer.Close {
				t.Fatalf("status %d, close %v", answer.StatusCode, answer.Close)
			}
		}
		if lines := strings.Count(proxy.reported(), "connection refused"); lines != 5 {
			t.Errorf("reported %q", proxy.reported())
		}
		witness := proxy.counters.Read()
		if witness.UpstreamDials != 5 || witness.Requests != 5 || witness.UpstreamHTTP1 != 0 || witness.TimedRequests != 0 {
			t.Errorf("%+v", witness)
		}
	})
}

func TestAnUpstreamThatTalksNonsenseIsAnsweredFor(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		for name, answer := range map[string]string{
			"not HTTP":     "SSH-2.0-OpenSSH\r\n\r\n",
			"bare line":    "HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
			"two framings": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"giant head":   "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70_000) + "\r\n\r\n",
			"half a head":  "HTTP/1.1 200 OK\r\nX: ",
		} {
			proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
				_, _ = readHead(reader)
				_, _ = io.WriteString(connection, answer)
				_ = connection.CloseWrite()
				_, _ = io.Copy(io.Discard, reader)
			}))
			connection, reader := proxy.connect(t)
			send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if answer, _ := receive(t, reader, "GET"); answer.StatusCode != 502 {
				t.Errorf("%s: status %d", name, answer.StatusCode)
			}
		}
	})
}

func TestLargeHeadsOfAnswersPass(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		value := strings.Repeat("v", 50_000)
		upstream, _ := dialogue(t, "HTTP/1.1 200 OK\r\nX: "+value+"\r\nContent-Length: 4\r\n\r\nbody", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if answer, body := receive(t, reader, "GET"); answer.Header.Get("X") != value || body != "body" {
			t.Errorf("a value of %d bytes, body %q", len(answer.Header.Get("X")), body)
		}
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, body := receive(t, reader, "GET"); body != "ok" {
			t.Errorf("body %q", body)
		}
	})
}

// closingService answers each connection's first request, and ends at the second one's last byte without an answer.
func closingService(t testing.TB, firstAnswers string) (address string, connections *atomic.Int64) {
	connections = &atomic.Int64{}
	return rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
		connections.Add(1)
		for _, answer := range []string{firstAnswers, ""} {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			_, _ = io.WriteString(connection, answer)
		}
	}), connections
}

func TestARequestOnAConnectionThatDiedIsSentOnceMore(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream, connections := closingService(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		for _, method := range []string{"GET", "GET", "PUT", "DELETE"} {
			send(t, connection, method+" / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
			if answer, body := receive(t, reader, method); answer.StatusCode != 200 || body != "ok" {
				t.Errorf("%s: status %d, body %q", method, answer.StatusCode, body)
			}
		}
		if connections.Load() != 4 {
			t.Errorf("%d connections for 4 requests", connections.Load())
		}
	})
}

func TestARequestThatMayHaveHadAnEffectIsNotSentTwice(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream, connections := closingService(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		for _, want := range []int{200, 502} {
			send(t, connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
			if answer, _ := receive(t, reader, "POST"); answer.StatusCode != want {
				t.Errorf("status %d, want %d", answer.StatusCode, want)
			}
		}
		if connections.Load() != 1 {
			t.Errorf("%d connections", connections.Load())
		}
	})
}

func TestARequestThatIsNoLongerHereAsAWholeIsNotSentTwice(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		for _, withDuties := range []bool{false, true} {
			upstream, connections := closingService(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			proxy := startProxy(t, mode, upstream, func(o *Options) {
				if withDuties {
					o.Duties = must(duties.New(duties.Options{RetryBudget: 1}, &admin.Counters{}))
				}
			})
			connection, reader := proxy.connect(t)
			for _, want := range []int{200, 502} {
				send(t, connection, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100_000))
				if answer, _ := receive(t, reader, "PUT"); answer.StatusCode != want {
					t.Errorf("status %d, want %d", answer.StatusCode, want)
				}
			}
			if connections.Load() != 1 {
				t.Errorf("%d connections", connections.Load())
			}
		}
	})
}

func must[value any](v value, err error) value {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAConnectionThatEndedWhileIdleIsNotUsed(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		for name, extra := range map[string]string{"closed": "", "talks out of turn": "HTTP/1.1 200 OK\r\n"} {
			var connections atomic.Int64
			proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
				connections.Add(1)
				_, _ = readHead(reader)
				_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				time.Sleep(20 * time.Millisecond)
				_, _ = io.WriteString(connection, extra)
				if extra != "" {
					_, _ = io.Copy(io.Discard, reader)
				}
			}))
			connection, reader := proxy.connect(t)
			for range 3 {
				// POST, which would not be sent twice.
				send(t, connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
				if answer, body := receive(t, reader, "POST"); answer.StatusCode != 200 || body != "ok" {
					t.Errorf("%s: status %d, body %q", name, answer.StatusCode, body)
				}
				time.Sleep(60 * time.Millisecond)
			}
			if connections.Load() != 3 {
				t.Errorf("%s: %d connections", name, connections.Load())
			}
		}
	})
}

func TestBytesBehindAnAnswerAreNobodysAnswer(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			_, _ = readHead(reader)
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
			_, _ = io.Copy(io.Discard, reader)
		}))
		connection, reader := proxy.connect(t)
		for range 3 {
			send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if _, body := receive(t, reader, "GET"); body != "ok" {
				t.Errorf("body %q", body)
			}
		}
	})
}

func TestAClientThatGoesAwayFreesTheUpstream(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		if mode == "goroutine" {
			t.Skip("a goroutine that waits for the upstream does not look at the client; net/http has a second one for it")
		}
		ended := make(chan struct{})
		proxy := startProxy(t, mode, rawService(t, func(_ *net.TCPConn, reader *bufio.Reader) {
			_, _ = readHead(reader)
			_, _ = io.Copy(io.Discard, reader)
			close(ended)
		}))
		connection, _ := proxy.connect(t)
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(50 * time.Millisecond)
		_ = connection.SetLinger(0)
		connection.Close()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Error("the upstream still works for a client that is gone")
		}
		if proxy.reported() != "" {
			t.Errorf("reported %q", proxy.reported())
		}
	})
}
