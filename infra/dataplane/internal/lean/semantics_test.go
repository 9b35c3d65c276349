package lean

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// dialogue is an upstream that answers each request on a connection with the next of the answers, and tells the heads
// that it has read.
func dialogue(t testing.TB, answers ...string) (address string, heads chan string) {
	heads = make(chan string, 100)
	return rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
		for _, answer := range answers {
			head, err := readHead(reader)
			if err != nil {
				return
			}
			heads <- head
			if _, err := io.WriteString(connection, answer); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, reader)
	}), heads
}

func TestHeadsGoOnWithoutWhatConcernsOneConnectionOnly(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream, heads := dialogue(t,
			"HTTP/1.0 200 Fine thing\r\nX-A: 1\r\nConnection: keep-alive, x-b\r\nX-B: 2\r\nKeep-Alive: timeout=5\r\n"+
				"Proxy-Authenticate: x\r\nUpgrade: h2c\r\nContent-Length: 2\r\nX-C:3\r\n\r\nok")
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET /p HTTP/1.1\r\nHost: h.example\r\nConnection: X-Mine, keep-alive\r\nX-Mine: 1\r\nx-Forwarded-FOR: 9.9.9.9\r\n"+
			"Keep-Alive: 3\r\nProxy-Authorization: x\r\nProxy-Connection: x\r\nTE: trailers\r\nUpgrade: h2c\r\nX-Last:  y \r\n\r\n")
		if got, want := <-heads, "GET /p HTTP/1.1\r\nHost: h.example\r\nx-Forwarded-FOR: 9.9.9.9\r\nTE: trailers\r\nX-Last:  y \r\n"+
			"Connection: TE\r\n\r\n"; got != want {
			t.Errorf("the upstream got\n%q, want\n%q", got, want)
		}
		head, err := readHead(reader)
		if want := "HTTP/1.1 200 Fine thing\r\nX-A: 1\r\nContent-Length: 2\r\nX-C:3\r\n\r\n"; head != want || err != nil {
			t.Errorf("the client got\n%q, want\n%q; %v", head, want, err)
		}
	})
}

func TestTargetGivenAsURLBecomesPathAndHost(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream, heads := dialogue(t, "HTTP/1.1 204 No Content\r\n\r\n")
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET http://b.example/x HTTP/1.1\r\nHost: a.example\r\nX: y\r\n\r\n")
		if got, want := <-heads, "GET /x HTTP/1.1\r\nX: y\r\nHost: b.example\r\n\r\n"; got != want {
			t.Errorf("the upstream got\n%q, want\n%q", got, want)
		}
		receive(t, reader, "GET")
	})
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		proxy := startProxy(t, mode, startService(t, echo))
		connection, reader := proxy.connect(t)
		const count = 200
		var all strings.Builder
		for i := range count {
			body := strings.Repeat("b", i*7%300)
			fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", i, len(body), body)
		}
		go func() { _, _ = io.WriteString(connection, all.String()) }()
		for i := range count {
			answer, body := receive(t, reader, "POST")
			if seen := answer.Header.Get("Seen"); !strings.HasPrefix(seen, fmt.Sprintf("POST /%d ", i)) || len(body) != i*7%300 {
				t.Fatalf("answer %d is that to %q with %d bytes", i, seen, len(body))
			}
		}
	})
}

func TestAnswersWithoutBodiesAndInterimOnesKeepTheirPlace(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream, _ := dialogue(t,
			"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", // to HEAD
			"HTTP/1.1 204 No Content\r\n\r\n",
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", // to HEAD
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend",
		)
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		ask := func(method string) { send(t, connection, method+" / HTTP/1.1\r\nHost: a\r\n\r\n") }
		ask("HEAD")
		if answer, _ := receive(t, reader, "HEAD"); answer.ContentLength != 1000 {
			t.Errorf("length %d after HEAD", answer.ContentLength)
		}
		ask("GET")
		if answer, _ := receive(t, reader, "GET"); answer.StatusCode != 204 {
			t.Errorf("status %d", answer.StatusCode)
		}
		ask("GET")
		if answer, _ := receive(t, reader, "GET"); answer.StatusCode != 304 || answer.Header.Get("Etag") != "x" {
			t.Errorf("%+v", answer)
		}
		ask("GET")
		var statuses []int
		for range 3 {
			answer, body := receive(t, reader, "GET")
			statuses = append(statuses, answer.StatusCode)
			if answer.StatusCode == 103 && answer.Header.Get("Link") != "x" || answer.StatusCode == 200 && body != "ok" {
				t.Errorf("%+v %q", answer, body)
			}
		}
		if fmt.Sprint(statuses) != "[103 102 200]" {
			t.Errorf("statuses %v", statuses)
		}
		ask("HEAD")
		if answer, _ := receive(t, reader, "HEAD"); len(answer.TransferEncoding) != 1 {
			t.Errorf("%+v", answer)
		}
		ask("GET")
		if _, body := receive(t, reader, "GET"); body != "end" {
			t.Errorf("body %q", body)
		}
		if dials := proxy.counters.UpstreamDials.Load(); dials != 1 {
			t.Errorf("%d dials", dials)
		}
	})
}

func TestTrailersArePassedOnBothWays(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		service := startService(t, func(answer http.ResponseWriter, request *http.Request) {
			answer.Header().Set("Trailer", "Sum")
			body, _ := io.ReadAll(request.Body)
			_, _ = answer.Write(body)
			answer.Header().Set("Sum", request.Trailer.Get("Check")+"!")
		})
		proxy := startProxy(t, mode, service)
		connection, reader := proxy.connect(t)
		for range 2 {
			send(t, connection, "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: Check\r\nTransfer-Encoding: chunked\r\n\r\n"+
				"3;ext=1\r\nabc\r\n0\r\nCheck: 17\r\n\r\n")
			answer, body := receive(t, reader, "POST")
			if body != "abc" || answer.Trailer.Get("Sum") != "17!" {
				t.Errorf("%q, %v", body, answer.Trailer)
			}
		}
	})
}

func TestAnOldClientGetsWhatItUnderstands(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream, heads := dialogue(t,
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n")
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		if head := <-heads; !strings.HasPrefix(head, "GET / HTTP/1.1\r\n") || !strings.Contains(head, "\r\nHost: "+upstream+"\r\n") {
			t.Errorf("the upstream got %q", head)
		}
		head, _ := readHead(reader)
		if want := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n"; head != want {
			t.Errorf("the client got %q, want %q", head, want)
		}
		_, _ = reader.Discard(2)
		send(t, connection, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		all, err := io.ReadAll(reader)
		if want := "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde"; string(all) != want || err != nil {
			t.Errorf("the client got %q, want %q; %v", all, want, err)
		}
	})
}

func TestAnswersWithoutALengthEndWithTheConnection(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		body := string(pattern(200_000))
		upstream := rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			_, _ = readHead(reader)
			_, _ = io.WriteString(connection, "HTTP/1.0 200 OK\r\n\r\n"+body)
		})
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		answer, got := receive(t, reader, "GET")
		if got != body || !answer.Close {
			t.Errorf("%d bytes, close %v", len(got), answer.Close)
		}
	})
}

func TestTheClientIsToldToGoOnOnlyByTheUpstream(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		proxy := startProxy(t, mode, startService(t, func(answer http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/no" {
				answer.WriteHeader(http.StatusExpectationFailed)
				return
			}
			_, _ = io.Copy(answer, request.Body)
		}))
		connection, reader := proxy.connect(t)
		send(t, connection, "POST /yes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
		if answer, _ := receive(t, reader, "POST"); answer.StatusCode != 100 {
			t.Fatalf("status %d before the body", answer.StatusCode)
		}
		send(t, connection, "hello")
		if _, body := receive(t, reader, "POST"); body != "hello" {
			t.Errorf("body %q", body)
		}
		send(t, connection, "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
		answer, _ := receive(t, reader, "POST")
		if answer.StatusCode != http.StatusExpectationFailed || !answer.Close {
			t.Errorf("status %d, close %v", answer.StatusCode, answer.Close)
		}
		if _, err := reader.ReadByte(); err != io.EOF {
			t.Errorf("the connection is still open: %v", err)
		}
	})
}

func TestAnEarlyAnswerReachesAClientThatStillSends(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream := rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			_, _ = readHead(reader)
			_, _ = io.WriteString(connection, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
			_ = connection.CloseWrite()
			_, _ = io.CopyN(io.Discard, reader, 1000)
		})
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		go func() {
			_, _ = io.WriteString(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
			for range 300 {
				if _, err := connection.Write(make([]byte, 1000)); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		if answer, body := receive(t, reader, "POST"); answer.StatusCode != 413 || body != "big" {
			t.Errorf("status %d, body %q", answer.StatusCode, body)
		}
	})
}

func TestAnotherProtocolTakesOverBothConnections(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream := rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			head, _ := readHead(reader)
			if !strings.Contains(head, "Upgrade: chat\r\n") || !strings.Contains(head, "Connection: Upgrade\r\n") {
				t.Errorf("the upstream got %q", head)
			}
			_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: upgrade\r\n\r\nwelcome.")
			_, _ = io.Copy(connection, reader)
			_, _ = io.WriteString(connection, "bye")
			_ = connection.CloseWrite()
		})
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\nearly.")
		answer, err := http.ReadResponse(reader, nil)
		if err != nil || answer.StatusCode != 101 || answer.Header.Get("Upgrade") != "chat" {
			t.Fatalf("%+v, %v", answer, err)
		}
		said := pattern(300_000)
		go func() {
			_, _ = connection.Write(said)
			_ = connection.CloseWrite()
		}()
		got, err := io.ReadAll(reader)
		if want := "welcome.early." + string(said) + "bye"; string(got) != want || err != nil {
			t.Errorf("got %d bytes, want %d; %v", len(got), len(want), err)
		}
	})
}

func TestAnUpstreamThatSwitchesUnaskedIsNotBelieved(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		upstream, _ := dialogue(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
		proxy := startProxy(t, mode, upstream)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if answer, _ := receive(t, reader, "GET"); answer.StatusCode != 502 {
			t.Errorf("status %d", answer.StatusCode)
		}
	})
}

func TestMalformedRequestsAreAnsweredAndNeverSentOn(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		var seen atomic.Int64
		service := rawService(t, func(_ *net.TCPConn, reader *bufio.Reader) {
			if _, err := reader.ReadByte(); err == nil {
				seen.Add(1)
			}
		})
		proxy := startProxy(t, mode, service)
		for text, status := range map[string]int{
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG": 400,
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\n123456":              400,
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n12345":                                 400,
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n":                      501,
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n":             501,
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n":                      400,
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;\nx\r\n0\r\n\r\n":              400,
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n":           400,
			"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n":                                            400,
			"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n":                                                         400,
			"GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n\r\n":                                    400,
			"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n":                                                    400,
			"GET / HTTP/1.1\r\n\r\n":                                                      400,
			"GET / HTTP/3.0\r\nHost: a\r\n\r\n":                                           505,
			"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n":                                    501,
			"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 70_000) + "\r\n\r\n": 431,
			"\x16\x03\x01\x02\x00":                                                        400,
			"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nGET / HTTP/1.1\r\n\r\n":   400,
			"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r": 400,
		} {
			connection, reader := proxy.connect(t)
			send(t, connection, text)
			answer, _ := receive(t, reader, "GET")
			if answer.StatusCode != status || !answer.Close {
				t.Errorf("%.90q: status %d, want %d; close %v", text, answer.StatusCode, status, answer.Close)
			}
			if _, err := reader.ReadByte(); err != io.EOF {
				t.Errorf("%.90q: the connection is not closed: %v", text, err)
			}
		}
		if seen.Load() != 0 || proxy.counters.UpstreamDials.Load() != 0 {
			t.Errorf("the upstream was sent something: %d connections, %d dials", seen.Load(), proxy.counters.UpstreamDials.Load())
		}
	})
}
