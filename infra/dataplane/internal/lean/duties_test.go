package lean

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/duties"
)

// withDuties has the proxy do the duties, with their own counters beside the proxy's.
func withDuties(t *testing.T, options duties.Options) (*duties.Duties, func(*Options)) {
	t.Helper()
	mesh, err := duties.New(options, &admin.Counters{})
	if err != nil {
		t.Fatal(err)
	}
	return mesh, func(o *Options) { o.Duties = mesh }
}

func TestDutiesAreDoneForEveryRequest(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		log := filepath.Join(t.TempDir(), "access.log")
		mesh, change := withDuties(t, duties.Options{Role: "outbound", AccessLogFile: log})
		heads := make(chan http.Header, 10)
		proxy := startProxy(t, mode, startService(t, func(answer http.ResponseWriter, request *http.Request) {
			heads <- request.Header
			answer.WriteHeader(http.StatusTeapot)
			_, _ = answer.Write([]byte("short"))
		}), change)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET /api/v1/a?q HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\nX-Request-ID: mine\r\n"+
			"x-FORWARDED-proto: https\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nTracestate: x=y\r\nX-Other: 1\r\n\r\n")
		receive(t, reader, "GET")
		head := <-heads
		if head.Get("X-Request-Id") != "mine" || len(head["X-Forwarded-For"]) != 1 || head.Get("X-Forwarded-For") != "1.1.1.1, 2.2.2.2, 127.0.0.1" ||
			head.Get("X-Forwarded-Proto") != "https" || head.Get("Tracestate") != "x=y" || head.Get("X-Other") != "1" {
			t.Errorf("%v", head)
		}
		trace := head.Get("Traceparent")
		if !duties.KeepsTrace(trace) || !strings.Contains(trace, "0af7651916cd43dd8448eb211c80319c") || strings.Contains(trace, "b7ad6b7169203331") {
			t.Errorf("traceparent %q", trace)
		}
		send(t, connection, "GET /b HTTP/1.1\r\nHost: a\r\nTraceparent: nonsense\r\nTracestate: x=y\r\n\r\n")
		receive(t, reader, "GET")
		if head = <-heads; head.Get("Tracestate") != "" || !duties.KeepsTrace(head.Get("Traceparent")) || len(head.Get("X-Request-Id")) != 36 {
			t.Errorf("%v", head)
		}
		var lines []string
		for deadline := time.Now().Add(5 * time.Second); len(lines) < 2 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			text, _ := os.ReadFile(log)
			lines = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		}
		if err := mesh.Close(); err != nil {
			t.Error(err)
		}
		var entry struct {
			Method, Path, Route, RequestID string
			Status, BodyBytes, LatencyNs   int64
		}
		if err := json.Unmarshal([]byte(lines[0]), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Method != "GET" || entry.Path != "/api/v1/a?q" || entry.RequestID != "mine" || entry.Status != 418 || entry.BodyBytes != 5 ||
			entry.LatencyNs <= 0 || len(lines) != 2 {
			t.Errorf("%+v of %d lines", entry, len(lines))
		}
	})
}

func TestARequestMayTakeOnlySoLong(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		_, change := withDuties(t, duties.Options{Timeout: 300 * time.Millisecond})
		var connections atomic.Int64
		proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			connections.Add(1)
			for {
				head, err := readHead(reader)
				if err != nil {
					return
				}
				switch {
				case strings.HasPrefix(head, "GET /silent "):
				case strings.HasPrefix(head, "GET /half "):
					_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
				default:
					_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			}
		}), change)
		connection, reader := proxy.connect(t)
		send(t, connection, "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
		receive(t, reader, "GET")
		send(t, connection, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
		if answer, _ := receive(t, reader, "GET"); answer.StatusCode != http.StatusGatewayTimeout || answer.Close {
			t.Errorf("status %d, close %v", answer.StatusCode, answer.Close)
		}
		// A time that has passed must not end what comes later.
		time.Sleep(time.Second)
		send(t, connection, "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, body := receive(t, reader, "GET"); body != "ok" {
			t.Errorf("body %q", body)
		}
		time.Sleep(time.Second)
		send(t, connection, "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
		receive(t, reader, "GET")
		if connections.Load() != 2 {
			t.Errorf("%d connections, want a second one after the time-out and no more", connections.Load())
		}
		send(t, connection, "GET /half HTTP/1.1\r\nHost: a\r\n\r\n")
		answer, err := http.ReadResponse(reader, nil)
		if err == nil {
			_, err = io.ReadAll(answer.Body)
		}
		if err == nil {
			t.Error("an answer that was cut short looks whole")
		}
	})
}

func TestRequestsThatDidNotReachTheUpstreamAreTriedAgainWithinTheBudget(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		mesh, change := withDuties(t, duties.Options{RetryBudget: 1})
		defer mesh.Close()
		var connections atomic.Int64
		proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			if connections.Add(1)%2 == 1 {
				_, _ = readHead(reader)
				return
			}
			_, _ = readHead(reader)
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		}), change)
		connection, reader := proxy.connect(t)
		for range 5 {
			send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if answer, body := receive(t, reader, "GET"); answer.StatusCode != 200 || body != "ok" {
				t.Errorf("status %d, body %q", answer.StatusCode, body)
			}
		}
		send(t, connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
		if answer, _ := receive(t, reader, "POST"); answer.StatusCode != 502 {
			t.Errorf("status %d to what may have had an effect", answer.StatusCode)
		}
		if connections.Load() != 11 {
			t.Errorf("%d connections", connections.Load())
		}
	})
}
