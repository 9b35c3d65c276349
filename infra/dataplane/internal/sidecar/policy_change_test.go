package sidecar

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/processtest"
)

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
