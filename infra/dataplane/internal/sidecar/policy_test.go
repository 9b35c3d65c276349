package sidecar

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

func TestWhatIsNotAllowedNeverReachesTheUpstream(t *testing.T) {
	authority := newAuthority(t)
	server := startPolicyServer(t, allowSome)
	outbound, other := clientTLS(authority.issueFor("outbound")), clientTLS(authority.issueFor("other"))
	eachPolicy(t, func(t *testing.T, kind string) {
		g := startGuarded(t, authority, kind, server.Address, time.Minute, withTLS(tls.RequireAndVerifyClientCert))
		for _, test := range []struct {
			client *tls.Config
			line   string
			want   int
		}{
			{outbound, "GET /api/orders?id=1", 200},
			{outbound, "GET /api/", 200},
			{outbound, "POST /api/orders", 403},
			{outbound, "GET /other", 403},
			{outbound, "GET /api/secret/1", 403},
			{other, "GET /api/orders?id=1", 403},
		} {
			// Twice, so that a decision that is kept is held to it as well.
			for range 2 {
				if got := statusOf(t, g, test.client, test.line); got != test.want {
					t.Errorf("%s gives %d, want %d", test.line, got, test.want)
				}
			}
			if seen := g.taken(); (len(seen) == 2) != (test.want == 200) || len(seen) > 0 && seen[0] != test.line {
				t.Errorf("%s: the upstream saw %q", test.line, seen)
			}
		}
		checks, denied := g.counters.PolicyChecks.Load(), g.counters.PolicyDenied.Load()
		calls, hits := g.counters.PolicyCalls.Load(), g.counters.PolicyCacheHits.Load()
		wantCalls, wantHits := int64(12), int64(0)
		if kind == "cached" {
			wantCalls, wantHits = 6, 6
		}
		if checks != 12 || denied != 8 || calls != wantCalls || hits != wantHits {
			t.Errorf("%d checks, %d denied, %d calls, %d hits", checks, denied, calls, hits)
		}
	})
}

func TestOnlyAVerifiedCertificateGivesAnIdentity(t *testing.T) {
	authority, stranger := newAuthority(t), newAuthority(t)
	server := startPolicyServer(t, `[{"identity":"anonymous","method":"GET","path":"/anyone","effect":"allow"},`+allowSome[1:])
	far := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name                string
		listen              secured
		client              *tls.Config
		wantAnyone, wantAPI int
	}{
		{"verified", withTLS(tls.RequireAndVerifyClientCert), clientTLS(authority.issueFor("outbound")), 403, 200},
		{"of a strange authority, not verified", withTLS(tls.RequestClientCert), clientTLS(stranger.issueFor("outbound")), 200, 403},
		{"none shown", withTLS(tls.VerifyClientCertIfGiven), &tls.Config{InsecureSkipVerify: true}, 200, 403},
		{"no SPIFFE id", withTLS(tls.RequireAndVerifyClientCert),
			clientTLS(authority.issue("https://meshmark/outbound", "ecdsa", far)), 200, 403},
		{"of another domain", withTLS(tls.RequireAndVerifyClientCert),
			clientTLS(authority.issue("spiffe://other/meshmark/outbound", "ecdsa", far)), 403, 403},
		{"no TLS", nil, nil, 200, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := startGuarded(t, authority, "cached", server.Address, time.Minute, test.listen)
			if got := statusOf(t, g, test.client, "GET /anyone"); got != test.wantAnyone {
				t.Errorf("what anonymous may do gives %d", got)
			}
			if got := statusOf(t, g, test.client, "GET /api/x"); got != test.wantAPI {
				t.Errorf("what the outbound sidecar may do gives %d", got)
			}
		})
	}
}

func TestPathsWithMoreThanOneReadingAreRefused(t *testing.T) {
	authority := newAuthority(t)
	server := startPolicyServer(t, `[`+allowAll[1:len(allowAll)-1]+`,{"identity":"*","method":"*","path":"/secret*","effect":"deny"}]`)
	eachPolicy(t, func(t *testing.T, kind string) {
		g := startGuarded(t, authority, kind, server.Address, time.Minute, nil)
		for _, target := range []string{
			"/admin/../secret", "//secret", "/./secret", "/%2e%2e/secret", "/a/..%2fsecret", "/a%2f..%2fsecret", "/%2fsecret",
			"/%73ecret", "/secre%74", "/a\\..\\secret", "/%5csecret", "/a;/../secret", "/;x/secret", "/a%00/secret", "/%252e%252e/secret",
			"/a%3b/secret", "/%c0%ae%c0%ae/secret", "/%ff", "http://service//secret", "http://service/a/../secret", "/a/..",
		} {
			if got := statusOf(t, g, nil, "GET "+target); got != http.StatusBadRequest {
				t.Errorf("%s gives %d", target, got)
			}
		}
		for _, line := range []string{"get /secret", "Get /a", "CONNECT /a", "CONNECT service:80"} {
			if got := statusOf(t, g, nil, line); got != http.StatusBadRequest {
				t.Errorf("%s gives %d", line, got)
			}
		}
		// net/http answers this itself.
		if got := statusOf(t, g, nil, "OPTIONS *"); got != http.StatusOK {
			t.Errorf("OPTIONS * gives %d", got)
		}
		for _, target := range []string{"/secret", "/secret/", "http://service/secret", "/secret?a=/../"} {
			if got := statusOf(t, g, nil, "GET "+target); got != http.StatusForbidden {
				t.Errorf("%s gives %d", target, got)
			}
		}
		if seen := g.taken(); len(seen) != 0 {
			t.Errorf("the upstream saw %q", seen)
		}
		for target, want := range map[string]string{
			"/a/b?c=/../secret": "/a/b?c=/../secret", "/a%20b%C3%A4": "/a%20b%C3%A4", "http://elsewhere": "/", "/a%21b": "/a%21b", "/a|b": "/a%7Cb",
		} {
			got := statusOf(t, g, nil, "GET "+target)
			if seen := g.taken(); got != 200 || len(seen) != 1 || seen[0] != "GET "+want {
				t.Errorf("%s gives %d and %q", target, got, seen)
			}
		}
	})
}

func TestNoTunnelIsOpenedForHTTP2(t *testing.T) {
	server := startPolicyServer(t, allowAll)
	g := startGuarded(t, nil, "cached", server.Address, time.Minute, nil)
	for upgrade, want := range map[string]string{
		"Upgrade: h2c":                       "GET /",
		"Upgrade: websocket, h2c":            "GET /",
		"Upgrade: websocket\r\nUpgrade: h2c": "GET /",
		"Upgrade: WebSocket":                 "GET / upgrade",
	} {
		if got := statusOf(t, g, nil, "GET /", "Connection: Upgrade, HTTP2-Settings", upgrade, "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"); got != 200 {
			t.Errorf("%s gives %d", upgrade, got)
		}
		if seen := g.taken(); len(seen) != 1 || seen[0] != want {
			t.Errorf("%s: the upstream saw %q", upgrade, seen)
		}
	}
}

func TestNoPolicyIsNoWrapper(t *testing.T) {
	wrap, closePolicy, err := newPolicy(Options{Policy: "none"}, &admin.Counters{}, newFaultLog(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	defer closePolicy()
	next := &httputil.ReverseProxy{}
	if wrap(next) != http.Handler(next) {
		t.Error("a handler is in between")
	}
}

// unwritten is an answer of which nothing is kept.
type unwritten struct{}

func (unwritten) Header() http.Header            { return nil }
func (unwritten) Write(body []byte) (int, error) { return len(body), nil }
func (unwritten) WriteHeader(int)                {}

func TestAKeptDecisionCostsAtMostOneAllocation(t *testing.T) {
	server := startPolicyServer(t, allowAll)
	counters := &admin.Counters{}
	wrap, closePolicy, err := newPolicy(
		Options{Policy: "cached", PolicyServer: server.Address, PolicyCacheTTL: time.Hour}, counters, newFaultLog(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	defer closePolicy()
	authority := newAuthority(t)
	requests := make(chan *http.Request, 1)
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) { requests <- request }))
	front.TLS = authority.serverTLS(authority.issueFor("inbound"))
	front.StartTLS()
	defer front.Close()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS(authority.issueFor("outbound"))}}
	answer, err := client.Get(front.URL + "/api/orders")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	request := (<-requests).WithContext(context.Background())
	passed := 0
	handler := wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed++ }))
	// The stream's first word may come between, and drops nothing then.
	handler.ServeHTTP(unwritten{}, request)
	cost := testing.AllocsPerRun(1000, func() { handler.ServeHTTP(unwritten{}, request) })
	if cost > 1 || passed != 1002 || counters.PolicyCacheHits.Load() != 1001 {
		t.Errorf("%g allocations for each hit, %d of 1002 passed, %d hits", cost, passed, counters.PolicyCacheHits.Load())
	}
}
