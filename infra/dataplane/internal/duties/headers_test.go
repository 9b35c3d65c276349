package duties

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/clock"
)

func newDuties(t testing.TB, options Options) (*Duties, *admin.Counters) {
	t.Helper()
	counters := &admin.Counters{}
	duties, err := New(options, counters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = duties.Close() })
	return duties, counters
}

// lines parses what AppendHeaders appended, and fails if it is not four complete lines.
func lines(t testing.TB, out []byte) map[string]string {
	t.Helper()
	parts := strings.Split(string(out), "\r\n")
	if len(parts) != 5 || parts[4] != "" {
		t.Fatalf("not four complete lines: %q", out)
	}
	values := map[string]string{}
	for _, line := range parts[:4] {
		name, value, found := strings.Cut(line, ": ")
		if !found || strings.ContainsAny(value, "\r\n") {
			t.Fatalf("no header line: %q", line)
		}
		values[name] = value
	}
	return values
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestRequestIDIsKeptIfFitAndElseARandomUUID(t *testing.T) {
	duties, _ := newDuties(t, Options{})
	seen := map[string]bool{}
	for _, given := range []string{"", "a b", "a\r\nX-Evil: 1", "\x00", "ä", strings.Repeat("x", 129)} {
		out, _ := duties.AppendHeaders(nil, Incoming{RequestID: []byte(given), RemoteIP: []byte("192.0.2.7")}, 0)
		id := lines(t, out)["X-Request-Id"]
		if !uuidForm.MatchString(id) || seen[id] {
			t.Errorf("%q became %q", given, id)
		}
		seen[id] = true
	}
	for _, given := range []string{"x", "7e1d:42/β"[:7], strings.Repeat("x", 128)} {
		out, _ := duties.AppendHeaders(nil, Incoming{RequestID: []byte(given)}, 0)
		if id := lines(t, out)["X-Request-Id"]; id != given {
			t.Errorf("%q became %q", given, id)
		}
	}
}

func TestForwardedHeadersSayWhereARequestCameFrom(t *testing.T) {
	duties, _ := newDuties(t, Options{})
	for _, test := range []struct {
		forwardedFor, forwardedProto string
		tls                          bool
		wantFor, wantProto           string
	}{
		{"", "", false, "192.0.2.7", "http"},
		{"", "", true, "192.0.2.7", "https"},
		{"198.51.100.1", "https", false, "198.51.100.1, 192.0.2.7", "https"},
		{"198.51.100.1, 198.51.100.2", "http", true, "198.51.100.1, 198.51.100.2, 192.0.2.7", "http"},
		{"1\r\nX-Evil: 1", "gopher", false, "192.0.2.7", "http"},
		{strings.Repeat("1", 2049), "HTTPS", true, "192.0.2.7", "https"},
	} {
		out, _ := duties.AppendHeaders(nil, Incoming{
			RemoteIP: []byte("192.0.2.7"), ForwardedFor: []byte(test.forwardedFor), ForwardedProto: []byte(test.forwardedProto),
			TLS: test.tls,
		}, 0)
		got := lines(t, out)
		if got["X-Forwarded-For"] != test.wantFor || got["X-Forwarded-Proto"] != test.wantProto {
			t.Errorf("%+v gave %v", test, got)
		}
	}
}

func TestTheFirstRouteThatMatchesIsTaken(t *testing.T) {
	duties, _ := newDuties(t, Options{})
	for _, test := range []struct{ method, path, want string }{
		{"GET", "/healthz", "liveness"},
		{"GET", "/healthz?verbose", "liveness"},
		{"POST", "/healthz", "default"},
		{"GET", "/healthz/", "default"},
		{"GET", "/api/v2/orders/7", "orders-read"},
		{"POST", "/api/v2/orders", "orders-create"},
		{"DELETE", "/api/v2/orders/7", "api-other"},
		{"GET", "/api/v2/catalogue/search?q=a", "catalogue-search"},
		{"GET", "/api/v2/catalogue/searches", "catalogue"},
		{"GET", "/api", "default"},
		{"GET", "/static/images/a.png", "images"},
		{"POST", "/meshmark.v1.Echo/Get", "grpc-echo"},
		{"GET", "/", "default"},
		{"OPTIONS", "*", "default"},
		{"GET", "", "default"},
	} {
		_, route := duties.AppendHeaders(nil, Incoming{Method: []byte(test.method), Path: []byte(test.path)}, 0)
		if got := routes[route].name; got != test.want {
			t.Errorf("%s %s takes %s, want %s", test.method, test.path, got, test.want)
		}
	}
}

func TestOnlyTheHeadersThatAreWrittenAreReplaced(t *testing.T) {
	out, _ := func() ([]byte, int) {
		duties, _ := newDuties(t, Options{})
		return duties.AppendHeaders(nil, Incoming{}, 0)
	}()
	for name := range lines(t, out) {
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if !Replaces([]byte(spelling)) {
				t.Errorf("%s is not replaced", spelling)
			}
		}
	}
	for _, name := range []string{"", "Host", "Tracestate!", "X-Request-Ic", "X-Forwarded-Fox", "x-forwarded-host!"} {
		if Replaces([]byte(name)) {
			t.Errorf("%s is replaced", name)
		}
	}
}

func TestNetHTTPRequestsGetTheSameHeadersAsLines(t *testing.T) {
	duties, _ := newDuties(t, Options{})
	given := http.Header{
		"X-Request-Id":    {"kept"},
		"X-Forwarded-For": {"198.51.100.1", "198.51.100.2"},
		"Traceparent":     {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		"Tracestate":      {"vendor=1"},
	}
	request := httptest.NewRequest("GET", "/api/v1/x", nil)
	request.RemoteAddr = "[2001:db8::1]:4711"
	request.Header = given.Clone()
	var seen http.Header
	duties.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		seen = request.Header
	})).ServeHTTP(httptest.NewRecorder(), request)
	out, _ := duties.AppendHeaders(nil, Incoming{
		RemoteIP: []byte("2001:db8::1"), RequestID: []byte("kept"), Traceparent: []byte(given.Get("Traceparent")),
		ForwardedFor: []byte("198.51.100.1, 198.51.100.2"),
	}, 0)
	for name, want := range lines(t, out) {
		got := seen[name]
		if name == "Traceparent" {
			// All but the parent id.
			got, want = []string{got[0][:36] + got[0][52:]}, want[:36]+want[52:]
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, as a line %q", name, got, want)
		}
	}
	if seen.Get("Tracestate") != "vendor=1" {
		t.Error("the tracestate of a valid trace was dropped")
	}
}

func TestTracestateOfABrokenTraceIsDropped(t *testing.T) {
	duties, _ := newDuties(t, Options{})
	for _, parents := range [][]string{nil, {"garbage"}, {validTrace, validTrace}} {
		request := httptest.NewRequest("GET", "/", nil)
		request.Header["Traceparent"] = parents
		request.Header.Set("Tracestate", "vendor=1")
		duties.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
			if request.Header.Get("Tracestate") != "" || strings.Contains(request.Header.Get("Traceparent"), validTrace[3:35]) {
				t.Errorf("%v gave %v", parents, request.Header)
			}
		})).ServeHTTP(httptest.NewRecorder(), request)
	}
}

func TestDutiesWithoutNetHTTPAllocateNothing(t *testing.T) {
	duties, counters := newDuties(t, Options{AccessLogFile: t.TempDir() + "/access.log"})
	buffer := make([]byte, 0, 1024)
	in := Incoming{
		Method: []byte("GET"), Path: []byte("/api/v2/orders/7?a=ä"), RemoteIP: []byte("192.0.2.7"),
		ForwardedFor: []byte("198.51.100.1"),
	}
	put := []byte("PUT")
	cost := testing.AllocsPerRun(1000, func() {
		out, route := duties.AppendHeaders(buffer[:0], in, clock.MonotonicNs())
		duties.AllowRetry(put, true, clock.MonotonicNs())
		duties.Done(route, 200, 12345)
		duties.Log(Entry{Method: in.Method, Path: in.Path, Headers: out, Route: route, Status: 200})
		if !Replaces([]byte("X-Request-ID")) {
			t.Error("not replaced")
		}
	})
	if cost != 0 {
		t.Errorf("%g allocations for each request", cost)
	}
	if counters.RequestsWithDuties.Load() != 1001 {
		t.Errorf("%d requests counted", counters.RequestsWithDuties.Load())
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add("id", validTrace, "198.51.100.1", "https", "/a?b")
	f.Add("a\r\nb", "00-", "1\n2", "", "*")
	duties, err := New(Options{}, &admin.Counters{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, trace, forwardedFor, proto, path string) {
		prefix := []byte("Host: a\r\n")
		out, route := duties.AppendHeaders(prefix, Incoming{
			Method: []byte("GET"), Path: []byte(path), RemoteIP: []byte("192.0.2.7"), RequestID: []byte(id),
			Traceparent: []byte(trace), ForwardedFor: []byte(forwardedFor), ForwardedProto: []byte(proto),
		}, 0)
		if !bytes.HasPrefix(out, prefix) {
			t.Fatalf("what was there is gone: %q", out)
		}
		got := lines(t, out[len(prefix):])
		if got["X-Request-Id"] == "" || !strings.HasSuffix(got["X-Forwarded-For"], "192.0.2.7") {
			t.Errorf("%v", got)
		}
		if proto := got["X-Forwarded-Proto"]; proto != "http" && proto != "https" {
			t.Errorf("%v", got)
		}
		if !KeepsTrace(got["Traceparent"]) {
			t.Errorf("%v", got)
		}
		if route < 0 || route >= len(routes) {
			t.Errorf("route %d", route)
		}
		for number, name := range []string{"X-Request-Id", "X-Forwarded-For", "X-Forwarded-Proto", "Traceparent"} {
			if value := headerValue(out[len(prefix):], number); string(value) != got[name] {
				t.Errorf("line %d is %q, want %q", number, value, got[name])
			}
		}
	})
}

func ExampleDuties_AppendHeaders() {
	duties, _ := New(Options{Role: "outbound"}, &admin.Counters{})
	out, route := duties.AppendHeaders(nil, Incoming{
		Method: []byte("GET"), Path: []byte("/api/v1/users"), RemoteIP: []byte("192.0.2.7"), RequestID: []byte("42"),
	}, clock.MonotonicNs())
	for _, line := range bytes.Split(out, []byte("\r\n"))[:3] {
		fmt.Printf("%s\n", line)
	}
	duties.Done(route, 200, 1_000_000)
	// Output:
	// X-Request-Id: 42
	// X-Forwarded-For: 192.0.2.7
	// X-Forwarded-Proto: http
}
