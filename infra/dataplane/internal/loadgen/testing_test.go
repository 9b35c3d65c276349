package loadgen

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// session talks to an engine through pipes, as the harness does.
type session struct {
	t      *testing.T
	stdin  *io.PipeWriter
	events *bufio.Scanner
	code   chan int
	ended  bool
}

func startSession(t *testing.T) *session {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	s := &session{t: t, stdin: inWrite, events: bufio.NewScanner(outRead), code: make(chan int, 1)}
	s.events.Buffer(nil, 16<<20)
	go func() {
		s.code <- Main(nil, inRead, outWrite, io.Discard)
		_ = outWrite.Close()
	}()
	t.Cleanup(func() { s.end() })
	if ready := s.event(); ready["event"] != "ready" {
		t.Fatalf("first event is %v", ready)
	}
	return s
}

func (s *session) end() int {
	if s.ended {
		return 0
	}
	s.ended = true
	_ = s.stdin.Close()
	go func() {
		for s.events.Scan() {
		}
	}()
	select {
	case code := <-s.code:
		return code
	case <-time.After(3 * time.Second):
		s.t.Error("the engine outlived its stdin by 3 s")
		return -1
	}
}

func (s *session) say(line string) {
	s.t.Helper()
	if _, err := io.WriteString(s.stdin, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) event() map[string]any {
	s.t.Helper()
	if !s.events.Scan() {
		s.t.Fatalf("the engine said nothing more: %v", s.events.Err())
	}
	var event map[string]any
	if err := json.Unmarshal(s.events.Bytes(), &event); err != nil {
		s.t.Fatalf("not an event: %s", s.events.Text())
	}
	return event
}

func (s *session) slice() sliceEvent {
	s.t.Helper()
	if !s.events.Scan() {
		s.t.Fatalf("the engine said nothing more: %v", s.events.Err())
	}
	var event sliceEvent
	if err := json.Unmarshal(s.events.Bytes(), &event); err != nil || event.Event != "slice" {
		s.t.Fatalf("not a slice event: %s", s.events.Text())
	}
	return event
}

func (s *session) targets(specs ...targetSpec) map[string]any {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{"id": 1, "op": "targets", "targets": specs})
	if err != nil {
		s.t.Fatal(err)
	}
	s.say(string(text))
	return s.event()
}

// run runs slices and returns their events.
func (s *session) run(specs ...sliceSpec) []sliceEvent {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{"id": 2, "op": "slices", "slices": specs})
	if err != nil {
		s.t.Fatal(err)
	}
	s.say(string(text))
	var events []sliceEvent
	for range specs {
		events = append(events, s.slice())
	}
	if done := s.event(); done["event"] != "done" || done["id"] != 2.0 {
		s.t.Fatalf("after the slices came %v", done)
	}
	return events
}

func targetAt(address string, connections int, timeoutMs float64) targetSpec {
	return targetSpec{ID: "t", Address: address, Connections: connections, TimeoutMs: timeoutMs}
}

// serve stands up an HTTP server and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// serveRaw answers every connection by a function of ours.
func serveRaw(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var working sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	working.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			working.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		working.Wait()
	})
	return listener.Addr().String()
}

// answerAll answers each request on a connection with fixed bytes.
func answerAll(response string) func(net.Conn) {
	return func(c net.Conn) {
		requests := bufio.NewReader(c)
		for {
			request, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			if _, err := io.WriteString(c, response); err != nil {
				return
			}
			if strings.Contains(response, "onnection: close") {
				return
			}
		}
	}
}

func decode(t testing.TB, encoded *string) *hdr.Histogram {
	t.Helper()
	if encoded == nil {
		t.Fatal("there is no histogram")
	}
	h, err := hdr.Decode([]byte(*encoded))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func failureOf(event sliceEvent) string {
	if event.Failed == nil {
		return ""
	}
	return *event.Failed
}

// goroutinesSettle waits until no more goroutines run than before.
func goroutinesSettle(t *testing.T, before int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func encodedZeros(size int) string { return base64.StdEncoding.EncodeToString(make([]byte, size)) }
