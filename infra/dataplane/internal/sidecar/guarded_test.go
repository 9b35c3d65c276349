package sidecar

import (
	"bufio"
	"bytes"
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
	"strings"
	"sync"
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
