package sidecar

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/policy"
	"meshmark/dataplane/internal/processtest"
)

// policyVariable has a process of this test binary be the policy server instead of the sidecar.
const policyVariable = "MESHMARK_TEST_POLICY"

func init() {
	if os.Getenv(policyVariable) != "" {
		os.Unsetenv(policyVariable)
		os.Exit(policy.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
}

func startPolicyServer(t testing.TB, rules string, args ...string) *processtest.Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Setenv(policyVariable, "1")
	defer os.Unsetenv(policyVariable)
	return processtest.StartServer(t, append([]string{"--rules", file}, args...)...)
}

func putRules(t testing.TB, server *processtest.Server, rules string) {
	t.Helper()
	request, err := http.NewRequest("PUT", "http://"+server.Admin+"/rules", strings.NewReader(rules))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		t.Fatalf("rules were refused: %s", text)
	}
}

const (
	allowAll   = `[{"identity":"*","method":"*","path":"*","effect":"allow"}]`
	allowSome  = `[{"identity":"spiffe://meshmark/outbound","method":"GET","path":"/api/*","effect":"allow"},` + denySecret + `]`
	denySecret = `{"identity":"*","method":"*","path":"/api/secret*","effect":"deny"}`
)

// guarded is a proxy behind the middleware, with mutual TLS in front and a real upstream behind it.
type guarded struct {
	address  string
	counters *admin.Counters
	log      *bytes.Buffer
	faults   *faultLog
	close    func()

	mutex sync.Mutex
	// seen are the request targets that came to the upstream.
	seen []string
}

// secured is a listening side with that way of asking for certificates; nil is plain HTTP.
type secured func(*authority) *tls.Config

func withTLS(ask tls.ClientAuthType) secured {
	return func(authority *authority) *tls.Config {
		config := authority.serverTLS(authority.issueFor("inbound"))
		config.ClientAuth = ask
		return config
	}
}

func startGuarded(t testing.TB, authority *authority, kind, server string, ttl time.Duration, listen secured) *guarded {
	t.Helper()
	g := &guarded{counters: &admin.Counters{}, log: &bytes.Buffer{}}
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		g.mutex.Lock()
		g.seen = append(g.seen, request.Method+" "+request.RequestURI+strings.Repeat(" upgrade", len(request.Header["Upgrade"])))
		g.mutex.Unlock()
		_, _ = io.WriteString(answer, "served")
	}))
	t.Cleanup(upstream.Close)
	g.faults = newFaultLog(g.log)
	wrap, closePolicy, err := newPolicy(Options{Policy: kind, PolicyServer: server, PolicyCacheTTL: ttl}, g.counters, g.faults)
	if err != nil {
		t.Fatal(err)
	}
	g.close = sync.OnceFunc(closePolicy)
	t.Cleanup(g.close)
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.Out.URL.Scheme, request.Out.URL.Host = target.Scheme, target.Host
	}}
	front := httptest.NewUnstartedServer(wrap(proxy))
	if listen != nil {
		front.TLS = listen(authority)
		front.StartTLS()
	} else {
		front.Start()
	}
	t.Cleanup(front.Close)
	g.address = front.Listener.Addr().String()
	return g
}

func (g *guarded) taken() (targets []string) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	targets, g.seen = g.seen, nil
	return targets
}

// statusOf sends one request head exactly as it is given and returns the answer's status.
func statusOf(t testing.TB, g *guarded, client *tls.Config, line string, headers ...string) int {
	t.Helper()
	var connection net.Conn
	var err error
	if client != nil {
		connection, err = tls.Dial("tcp", g.address, client)
	} else {
		connection, err = net.Dial("tcp", g.address)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(connection, "%s HTTP/1.1\r\nHost: service\r\n%s\r\n", line, strings.Join(append(headers, ""), "\r\n"))
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func eachPolicy(t *testing.T, run func(t *testing.T, kind string)) {
	for _, kind := range []string{"remote", "cached"} {
		t.Run(kind, func(t *testing.T) { run(t, kind) })
	}
}

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

func TestNothingPassesWhenThePolicyServerCannotBeReached(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	nobody.Close()
	eachPolicy(t, func(t *testing.T, kind string) {
		g := startGuarded(t, nil, kind, address, time.Minute, nil)
		for range 3 {
			if got := statusOf(t, g, nil, "GET /"); got != http.StatusServiceUnavailable {
				t.Errorf("status %d", got)
			}
		}
		g.close()
		if seen := g.taken(); len(seen) != 0 {
			t.Errorf("the upstream saw %q", seen)
		}
		want := 3
		if kind == "cached" {
			want = 4 // The stream of changes says so too, once.
		}
		if lines := strings.Count(g.log.String(), "policy server "+address); lines != want {
			t.Errorf("%d lines:\n%s", lines, g.log)
		}
		if g.counters.PolicyCalls.Load() != 3 || g.counters.PolicyChecks.Load() != 0 {
			t.Errorf("%d calls, %d checks", g.counters.PolicyCalls.Load(), g.counters.PolicyChecks.Load())
		}
	})
}

func TestAPolicyServerThatTakesTooLongIsNotWaitedFor(t *testing.T) {
	server := startPolicyServer(t, allowAll, "--latency", "1m")
	eachPolicy(t, func(t *testing.T, kind string) {
		g := startGuarded(t, nil, kind, server.Address, time.Minute, nil)
		start := time.Now()
		if got := statusOf(t, g, nil, "GET /"); got != http.StatusServiceUnavailable {
			t.Errorf("status %d", got)
		}
		if took := time.Since(start); took < policyLimit || took > 10*policyLimit {
			t.Errorf("took %s", took)
		}
		if seen := g.taken(); len(seen) != 0 {
			t.Errorf("the upstream saw %q", seen)
		}
	})
}

func TestAClientThatGoesAwayIsNoFaultOfThePolicyServer(t *testing.T) {
	server := startPolicyServer(t, allowAll, "--latency", "300ms")
	eachPolicy(t, func(t *testing.T, kind string) {
		g := startGuarded(t, nil, kind, server.Address, time.Minute, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, "GET", "http://"+g.address+"/", nil)
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			t.Error("answered at once")
		}
		time.Sleep(500 * time.Millisecond)
		g.close()
		if seen := g.taken(); len(seen) != 0 || g.log.Len() != 0 {
			t.Errorf("the upstream saw %q, the log %s", seen, g.log)
		}
	})
}

func TestChangedRulesTakeEffect(t *testing.T) {
	server := startPolicyServer(t, allowAll)
	eachPolicy(t, func(t *testing.T, kind string) {
		putRules(t, server, allowAll)
		g := startGuarded(t, nil, kind, server.Address, time.Hour, nil)
		if got := statusOf(t, g, nil, "GET /"); got != 200 {
			t.Fatalf("status %d", got)
		}
		var took []time.Duration
		for change := range 20 {
			rules, want := `[]`, http.StatusForbidden
			if change%2 == 1 {
				rules, want = allowAll, http.StatusOK
			}
			putRules(t, server, rules)
			changed := time.Now()
			for statusOf(t, g, nil, "GET /") != want {
				if kind == "remote" || time.Since(changed) > 10*time.Second {
					t.Fatalf("change %d took no effect within %s", change, time.Since(changed))
				}
			}
			took = append(took, time.Since(changed))
		}
		slices.Sort(took)
		t.Logf("effective after %s in the median and %s at most, the request itself included", took[10], took[19])
		if took[10] > 250*time.Millisecond {
			t.Errorf("effective after %s in the median", took[10])
		}
		// The first change may have been there already when the stream stood.
		if pushes := g.counters.PolicyPushes.Load(); kind == "remote" && pushes != 0 || kind == "cached" && pushes < 19 {
			t.Errorf("%d pushes for 20 changes", pushes)
		}
	})
}

func TestKeptDecisionsOutliveTheServerOnlyUntilTheirTimeIsOver(t *testing.T) {
	const ttl = 2 * time.Second
	server := startPolicyServer(t, allowAll)
	g := startGuarded(t, nil, "cached", server.Address, ttl, nil)
	asked := time.Now()
	if got := statusOf(t, g, nil, "GET /"); got != 200 {
		t.Fatalf("status %d", got)
	}
	server.Stop()
	if got := statusOf(t, g, nil, "GET /"); got != 200 && time.Since(asked) < ttl {
		t.Errorf("status %d before the time was over", got)
	}
	if got := statusOf(t, g, nil, "GET /new"); got != http.StatusServiceUnavailable {
		t.Errorf("status %d of what was not asked before", got)
	}
	time.Sleep(time.Until(asked.Add(ttl + 50*time.Millisecond)))
	if got := statusOf(t, g, nil, "GET /"); got != http.StatusServiceUnavailable {
		t.Errorf("status %d when the time was over", got)
	}
	// A new server at the same address, with other rules of the same number.
	startPolicyServer(t, `[]`, "--listen", server.Address)
	for deadline := time.Now().Add(20 * time.Second); statusOf(t, g, nil, "GET /") != http.StatusForbidden; {
		if time.Now().After(deadline) {
			t.Fatal("the new server's rules took no effect")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// awaitStream changes the rules, without another effect, until a change is told: then the stream stands.
func (g *guarded) awaitStream(t testing.TB, server *processtest.Server) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); g.counters.PolicyPushes.Load() == 0; {
		putRules(t, server, allowAll)
		if time.Now().After(deadline) {
			t.Fatal("no change was told")
		}
		time.Sleep(10 * time.Millisecond)
	}
	// What else was changed meanwhile is told by then.
	time.Sleep(300 * time.Millisecond)
}

func TestANewServersRulesDropWhatTheOldOneDecided(t *testing.T) {
	server := startPolicyServer(t, allowAll)
	g := startGuarded(t, nil, "cached", server.Address, time.Hour, nil)
	g.awaitStream(t, server)
	for range 2 {
		if got := statusOf(t, g, nil, "GET /"); got != 200 {
			t.Fatalf("status %d", got)
		}
	}
	server.Stop()
	startPolicyServer(t, `[]`, "--listen", server.Address)
	for deadline := time.Now().Add(20 * time.Second); statusOf(t, g, nil, "GET /") != http.StatusForbidden; {
		if time.Now().After(deadline) {
			t.Fatal("a decision of the old server outlived it")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestManyRequestsAtOnceMakeOneCall(t *testing.T) {
	server := startPolicyServer(t, allowAll, "--latency", "200ms")
	g := startGuarded(t, nil, "cached", server.Address, time.Minute, nil)
	g.awaitStream(t, server)
	var all sync.WaitGroup
	var served atomic.Int64
	for range 50 {
		all.Go(func() {
			if statusOf(t, g, nil, "GET /") == 200 {
				served.Add(1)
			}
		})
	}
	all.Wait()
	if calls := g.counters.PolicyCalls.Load(); calls != 1 || served.Load() != 50 {
		t.Errorf("%d calls, %d of 50 served", calls, served.Load())
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
