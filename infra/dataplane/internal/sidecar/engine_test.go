package sidecar

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

func TestEachMechanismIsCountedWhereItIsOnAndNowhereElse(t *testing.T) {
	authority := newAuthority(t)
	const requests = 10
	for _, side := range httpSides {
		for _, test := range []struct {
			options                     []string
			serialised, duties, untimed bool
		}{
			{options: nil},
			{options: []string{"--concurrency", "channel"}, serialised: true},
			{options: []string{"--duties", "mesh"}, duties: true},
			{options: []string{"--hop-times=false"}, untimed: true},
			{options: []string{"--concurrency", "channel", "--duties", "mesh", "--burn-micros", "1"}, serialised: true, duties: true},
		} {
			t.Run(fmt.Sprint(side, test.options), func(t *testing.T) {
				path := newPath(t, authority, side, side, service(), test.options...)
				for range requests {
					if answer, _, err := path.get(t, "/size/10"); err != nil || answer.StatusCode != http.StatusOK {
						t.Fatal(answer, err)
					}
				}
				witness := settled(path.sidecar, func(witness admin.Witness) bool {
					return (test.untimed || witness.TimedRequests == requests) && (!test.duties || witness.RequestsWithDuties == requests)
				})
				check := func(what string, got int64, on bool) {
					if on && got != requests || !on && got != 0 {
						t.Errorf("%s %d of %d, on: %t", what, got, requests, on)
					}
				}
				check("all", witness.Requests, true)
				check("serialised", witness.RequestsSerialised, test.serialised)
				check("with duties", witness.RequestsWithDuties, test.duties)
				check("timed", witness.TimedRequests, !test.untimed)
				check("lean", witness.RequestsLean, false)
				check("checked", witness.PolicyChecks, false)
				if (witness.SerialisedWaitNs > 0) != test.serialised {
					t.Errorf("%d ns waited", witness.SerialisedWaitNs)
				}
				if (witness.ServedNs > 0) == test.untimed || (witness.UpstreamNs > 0) == test.untimed {
					t.Errorf("%d ns served, %d ns upstream", witness.ServedNs, witness.UpstreamNs)
				}
			})
		}
	}
}

func TestTimeUpstreamReachesToTheLastByteOfTheAnswer(t *testing.T) {
	authority := newAuthority(t)
	const before, within = 30 * time.Millisecond, 50 * time.Millisecond
	for _, side := range httpSides {
		path := newPath(t, authority, side, side, http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
			time.Sleep(before)
			_, _ = answer.Write([]byte("first"))
			_ = http.NewResponseController(answer).Flush()
			time.Sleep(within)
			_, _ = answer.Write([]byte("last"))
		}))
		const requests = 3
		for range requests {
			if _, body, err := path.get(t, "/"); err != nil || string(body) != "firstlast" {
				t.Fatalf("%q, %v", body, err)
			}
		}
		witness := settled(path.sidecar, func(witness admin.Witness) bool { return witness.TimedRequests == requests })
		upstream, served := time.Duration(witness.UpstreamNs), time.Duration(witness.ServedNs)
		if least := requests * (before + within); upstream < least || served < upstream || upstream > least+time.Second {
			t.Errorf("%s: %s upstream, %s served, want at least %s", side, upstream, served, least)
		}
	}
}

func TestRoutesOfTheDutiesAreAtTheAdminPort(t *testing.T) {
	authority := newAuthority(t)
	plain := side{"http1", "plain"}
	for duties, want := range map[string]int{"mesh": http.StatusOK, "bare": http.StatusNotFound} {
		path := newPath(t, authority, plain, plain, service(), "--duties", duties)
		if answer := fetch(t, http.DefaultClient, "http://"+path.sidecar.Admin+"/routes"); answer.StatusCode != want {
			t.Errorf("%s: status %d", duties, answer.StatusCode)
		}
	}
}
