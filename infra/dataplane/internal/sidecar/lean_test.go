package sidecar

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"meshmark/dataplane/internal/admin"
)

func TestLeanCarriesTheSameAndCountsTheSame(t *testing.T) {
	authority := newAuthority(t)
	plain, secured := side{"http1", "plain"}, side{"http1", "mtls"}
	for _, test := range []struct {
		listen, upstream side
		options          []string
	}{
		{plain, plain, nil},
		{plain, plain, []string{"--duties", "mesh", "--buffers", "pooled"}},
		{plain, plain, []string{"--concurrency", "worker-pool"}},
		{plain, plain, []string{"--concurrency", "event-loop"}},
		{plain, secured, nil},
		{secured, plain, nil},
		{secured, secured, []string{"--duties", "mesh"}},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			path := newPath(t, authority, test.listen, test.upstream, service(), append([]string{"--http", "lean"}, test.options...)...)
			for _, size := range []int{0, 10, 100_000} {
				for _, kind := range []string{"size", "stream"} {
					answer, body, err := path.get(t, fmt.Sprintf("/%s/%d", kind, size))
					if err != nil || answer.StatusCode != http.StatusOK || !bytes.Equal(body, pattern(size)) {
						t.Fatalf("%s %d: %v, %v, %d bytes", kind, size, err, answer, len(body))
					}
				}
			}
			witness := settled(path.sidecar, func(witness admin.Witness) bool { return witness.TimedRequests == 6 })
			if witness.RequestsLean != 6 {
				t.Errorf("%d of 6 requests forwarded by lean", witness.RequestsLean)
			}
			checkWitness(t, witness, test.listen, test.upstream)
			brokenAnswersStayBroken(t, path)
		})
	}
}
