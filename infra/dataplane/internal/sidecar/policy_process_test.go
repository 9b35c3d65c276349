package sidecar

import (
	"net/http"
	"testing"
	"time"
)

func TestASidecarAsksThePolicyServerWhateverItListensWith(t *testing.T) {
	authority := newAuthority(t)
	server := startPolicyServer(t, `[{"identity":"spiffe://meshmark/client","method":"GET","path":"/size/*","effect":"allow"},
		{"identity":"anonymous","method":"GET","path":"/size/*","effect":"allow"},
		{"identity":"*","method":"*","path":"/size/7","effect":"deny"}]`)
	eachPolicy(t, func(t *testing.T, kind string) {
		for _, listen := range httpSides {
			t.Run(listen.String(), func(t *testing.T) {
				path := newPath(t, authority, listen, side{"http1", "plain"}, service(),
					"--policy", kind, "--policy-server", server.Address)
				for range 3 {
					for target, want := range map[string]int{"/size/5": 200, "/size/7": 403, "/status/204": 403} {
						answer, _, err := path.get(t, target)
						if err != nil || answer.StatusCode != want {
							t.Errorf("%s: %v, %+v; want %d", target, err, answer, want)
						}
					}
				}
				witness := path.sidecar.Snapshot().Witness
				wantCalls, wantHits := int64(9), int64(0)
				if kind == "cached" {
					// The first word of the stream of changes may come between.
					wantCalls, wantHits = witness.PolicyCalls, 9-witness.PolicyCalls
					if wantCalls < 3 || wantCalls > 6 {
						t.Errorf("%d calls", wantCalls)
					}
				}
				if witness.PolicyChecks != 9 || witness.PolicyDenied != 6 || witness.PolicyCalls != wantCalls ||
					witness.PolicyCacheHits != wantHits || witness.UpstreamHTTP1 != 3 {
					t.Errorf("%+v", witness)
				}
				if code, log := path.sidecar.Stop(); code != 0 || log != "" {
					t.Errorf("exit code %d, log %q", code, log)
				}
			})
		}
	})
}

func TestASidecarSaysOnceThatItsPolicyServerIsGoneAndEndsAllTheSame(t *testing.T) {
	server := startPolicyServer(t, allowAll)
	path := newPath(t, newAuthority(t), side{"http1", "plain"}, side{"http1", "plain"}, service(),
		"--policy", "cached", "--policy-server", server.Address, "--policy-cache-ttl", "1ms")
	if answer, _, err := path.get(t, "/size/5"); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %+v", err, answer)
	}
	server.Stop()
	time.Sleep(50 * time.Millisecond)
	if answer, _, err := path.get(t, "/size/5"); err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%v, %+v", err, answer)
	}
	start := time.Now()
	code, log := path.sidecar.Stop()
	if code != 0 || log == "" || time.Since(start) > 3*time.Second {
		t.Errorf("exit code %d after %s, log %q", code, time.Since(start), log)
	}
}
