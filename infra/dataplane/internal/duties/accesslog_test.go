package duties

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"meshmark/dataplane/internal/admin"
)

type logged struct {
	AtMicros                                          int64
	Role, Method, Path, Route, RequestID, Traceparent string
	Status, BodyBytes, LatencyNs                      int64
}

func readLog(t *testing.T, path string) (entries []logged) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var entry logged
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&entry); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		entries = append(entries, entry)
	}
	return entries
}

func TestEveryRequestHasALineWithinASecondOrTwo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	duties, _ := newDuties(t, Options{Role: "inbound", AccessLogFile: path})
	server := httptest.NewServer(duties.Wrap(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(http.StatusTeapot)
		_, _ = answer.Write([]byte("short"))
	})))
	defer server.Close()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				ask(t, "GET", server.URL+"/api/v1/a?b=%22", "")
			}
		})
	}
	all.Wait()
	var entries []logged
	for deadline := time.Now().Add(10 * time.Second); len(entries) < 100 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		entries = readLog(t, path)
	}
	if len(entries) != 100 {
		t.Fatalf("%d lines for 100 requests", len(entries))
	}
	ids := map[string]bool{}
	for _, entry := range entries {
		ids[entry.RequestID] = true
		if entry.Role != "inbound" || entry.Method != "GET" || entry.Path != "/api/v1/a?b=%22" || entry.Route != "api-v1" ||
			entry.Status != 418 || entry.BodyBytes != 5 || entry.LatencyNs <= 0 || entry.AtMicros <= 0 ||
			!KeepsTrace(entry.Traceparent) {
			t.Fatalf("%+v", entry)
		}
	}
	if len(ids) != 100 {
		t.Errorf("%d different ids", len(ids))
	}
}

func TestLinesWithoutNetHTTPAreWrittenOnClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	duties, err := New(Options{Role: "gateway", AccessLogFile: path}, &admin.Counters{})
	if err != nil {
		t.Fatal(err)
	}
	headers, route := duties.AppendHeaders(nil, Incoming{RequestID: []byte("id\"\\"), Traceparent: []byte(validTrace)}, 1)
	duties.Log(Entry{
		Method: []byte("GET"), Path: []byte("/\xff\x00\"ä\u2028😀"), Headers: headers, Route: route, Status: 200, BodyBytes: 7, LatencyNs: 8,
	})
	if err := duties.Close(); err != nil {
		t.Fatal(err)
	}
	entry := readLog(t, path)[0]
	if entry.Path != "/\ufffd\x00\"ä\u2028😀" || entry.RequestID != `id"\` || entry.Traceparent[:35] != validTrace[:35] ||
		entry.BodyBytes != 7 || entry.LatencyNs != 8 || entry.Role != "gateway" {
		t.Errorf("%+v", entry)
	}
}

func TestALogThatCannotBeWrittenIsToldOnClose(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here, the only file that every write to fails")
	}
	duties, err := New(Options{AccessLogFile: "/dev/full"}, &admin.Counters{})
	if err != nil {
		t.Fatal(err)
	}
	duties.Log(Entry{})
	if duties.Close() == nil {
		t.Error("a lost line was not told of")
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte("/a\"\\\n\xff😀\xf0\x9f"))
	f.Fuzz(func(t *testing.T, path []byte) {
		var got string
		text := appendJSON(nil, path)
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		if bytes.ContainsAny(text, "\n\r") || !utf8.Valid(text) || got != string(bytes.Runes(path)) {
			t.Fatalf("%q became %q", path, got)
		}
	})
}
