package sidecar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/policy"
)

// policyLimit is how long a request waits for its permission to be decided.
const policyLimit = time.Second

// newPolicy has each request decided before it goes on: by a call to the policy server (remote), or by a decision kept
// from an earlier one (cached). With none, what wrap returns is what it is given. close ends the connection.
//
//   - denied: 403
//   - the path or method can be read in more than one way, so that what is decided may not be what is done: 400
//   - the server cannot be reached, or does not answer in a second: 503, and a line in the log
//
// In none of these cases does the request go on. What is decided is the request line; a service that lets headers such
// as X-Original-URL or X-HTTP-Method-Override overrule it must not be given them. A request to speak HTTP/2 on the same
// connection (Upgrade: h2c) goes on without it, as nothing that followed would be seen.
func newPolicy(
	options Options, counters *admin.Counters, faults *faultLog,
) (wrap func(http.Handler) http.Handler, close func(), err error) {
	if options.Policy == "none" {
		return func(next http.Handler) http.Handler { return next }, func() {}, nil
	}
	client, err := policy.Dial(options.PolicyServer)
	if err != nil {
		return nil, nil, err
	}
	check := func(ctx context.Context, identity, method, path string) (policy.Decision, error) {
		counters.PolicyCalls.Add(1)
		limited, cancel := context.WithTimeout(ctx, policyLimit)
		defer cancel()
		return client.Check(limited, identity, method, path)
	}
	gate := &policyGate{counters: counters, faults: faults, server: options.PolicyServer}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	if options.Policy == "cached" {
		cache := policy.NewCache(check, options.PolicyCacheTTL, counters)
		gate.allowed = cache.Allowed
		watching.Go(func() { client.Watch(ctx, cache.Told, gate.report) })
	} else {
		gate.allowed = func(ctx context.Context, identity, method, path string) (bool, error) {
			decision, err := check(ctx, identity, method, path)
			return err == nil && decision.Allowed, err
		}
	}
	close = func() {
		cancel()
		// Nothing more is asked, so that there is no one to tell of an error.
		_ = client.Close()
		watching.Wait()
	}
	return gate.wrap, close, nil
}

type policyGate struct {
	allowed  func(ctx context.Context, identity, method, path string) (bool, error)
	counters *admin.Counters
	faults   *faultLog
	server   string
}

func (g *policyGate) report(err error) {
	g.faults.report(fmt.Sprintf("policy server %s: %v", g.server, err))
}

func (g *policyGate) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		path, err := decidable(request)
		if err != nil {
			g.refuse(answer, http.StatusBadRequest)
			return
		}
		allowed, err := g.allowed(request.Context(), identityOf(request), request.Method, path)
		if err != nil {
			// A client that has gone away ends its request's context; that is no fault of the policy server.
			if request.Context().Err() == nil {
				g.report(err)
			}
			answer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if !allowed {
			g.refuse(answer, http.StatusForbidden)
			return
		}
		g.counters.PolicyChecks.Add(1)
		if upgrade := request.Header["Upgrade"]; len(upgrade) > 0 && (len(upgrade) > 1 || !strings.EqualFold(upgrade[0], "websocket")) {
			delete(request.Header, "Upgrade")
		}
		next.ServeHTTP(answer, request)
	})
}

func (g *policyGate) refuse(answer http.ResponseWriter, status int) {
	g.counters.PolicyChecks.Add(1)
	g.counters.PolicyDenied.Add(1)
	answer.WriteHeader(status)
}

// decidable returns the path to decide about, or an error if no decision is safe.
func decidable(request *http.Request) (path string, err error) {
	if request.Method == http.MethodConnect {
		return "", errors.New("CONNECT asks for a tunnel, not for a path")
	}
	for index := range len(request.Method) {
		// Methods are case-sensitive, but not to every server.
		if char := request.Method[index]; char >= 'a' && char <= 'z' {
			return "", fmt.Errorf("method %q is not in upper case", request.Method)
		}
	}
	return policy.RequestPath(request.URL)
}

// identityOf is the first SPIFFE id in the peer's certificate, if that was verified.
func identityOf(request *http.Request) string {
	if request.TLS == nil || len(request.TLS.VerifiedChains) == 0 || len(request.TLS.PeerCertificates) == 0 {
		return policy.Anonymous
	}
	for _, name := range request.TLS.PeerCertificates[0].URIs {
		if name.Scheme == "spiffe" {
			return name.String()
		}
	}
	return policy.Anonymous
}
