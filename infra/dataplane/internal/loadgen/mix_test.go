package loadgen

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"meshmark/dataplane/internal/processtest"
)

// seen is what a server was asked for.
type seen struct {
	mu  sync.Mutex
	log []string
}

func (s *seen) handle(answer http.ResponseWriter, asked *http.Request) {
	body, err := io.ReadAll(asked.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprintf("%s %s %s %d %x %v", asked.Method, asked.URL.Path, asked.Header.Get("X-Kind"), len(body), checksum(body), err))
	_, _ = io.WriteString(answer, "done")
}

func checksum(body []byte) (sum byte) {
	for _, one := range body {
		sum = sum*31 + one
	}
	return sum
}

func (s *seen) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.log
	s.log = nil
	return taken
}

func serveBoth(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// sayTargets is targets with bodies.
func (s *session) sayTargets(bodies []string, targets string) map[string]any {
	s.t.Helper()
	s.say(fmt.Sprintf(`{"id":1,"op":"targets","bodies":[%s],"targets":[%s]}`, strings.Join(bodies, ","), targets))
	return s.event()
}

const threeKinds = `[{"weight":2,"method":"POST","path":"/orders","headers":{"X-Kind":"order"},"body":0},` +
	`{"weight":1,"method":"GET","path":"/items"},{"weight":1,"method":"PUT","path":"/files","body":1}]`

func TestAMixIsSentByItsWeightsInTheSameOrderToEachTarget(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 20_000) // 320 kB: more than a window of HTTP/2, and more than a socket takes.
	small := []byte(`{"order": 1}`)
	bodies := []string{}
	for _, body := range [][]byte{small, large} {
		bodies = append(bodies, `"`+base64.StdEncoding.EncodeToString(body)+`"`)
	}
	known := map[string]float64{
		fmt.Sprintf("POST /orders order %d %x <nil>", len(small), checksum(small)): 0.5,
		"GET /items  0 0 <nil>": 0.25,
		fmt.Sprintf("PUT /files  %d %x <nil>", len(large), checksum(large)): 0.25,
	}
	for _, protocol := range []string{protocolHTTP1, protocolH2} {
		for _, anew := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, connection per request %v", protocol, anew), func(t *testing.T) {
				var log seen
				address := serveBoth(t, log.handle)
				s := startSession(t)
				target := func(id string) string {
					return fmt.Sprintf(`{"id":%q,"address":%q,"connections":1,"timeoutMs":5000,"protocol":%q,"connectionPerRequest":%v,"requests":%s}`,
						id, address, protocol, anew, threeKinds)
				}
				if done := s.sayTargets(bodies, target("a")+","+target("b")); done["failed"] != nil {
					t.Fatalf("failed: %v", done["failed"])
				}
				var orders [2][]string
				for i, id := range []string{"a", "b"} {
					for _, event := range s.run(sliceSpec{Target: id, Model: modelClosed, Requests: 250, WarmupRequests: 50, Seed: 4}) {
						if event.Failed != nil || event.Errors != (errorCounts{}) || event.Requests != 250 {
							t.Fatalf("%d requests, errors %+v, failed %q", event.Requests, event.Errors, failureOf(event))
						}
					}
					orders[i] = log.take()
				}
				if !slices.Equal(orders[0], orders[1]) {
					t.Error("two targets were asked for different things")
				}
				counted := map[string]float64{}
				for _, one := range orders[0] {
					counted[one] += 1.0 / 300
				}
				for request, share := range counted {
					if math.Abs(share-known[request]) > 0.1 {
						t.Errorf("%q was %.2f of the requests, not %.2f", request, share, known[request])
					}
				}
				s.run(sliceSpec{Target: "a", Model: modelClosed, Requests: 250, WarmupRequests: 50, Seed: 5})
				if slices.Equal(orders[0], log.take()) {
					t.Error("another seed drew the same requests")
				}
			})
		}
	}
}

func TestAMixIsDrivenThroughTheRealService(t *testing.T) {
	body := `"` + encodedZeros(200_000) + `"`
	for _, protocol := range []string{protocolHTTP1, protocolH2} {
		server := processtest.StartServer(t, "--protocol", protocol, "--response-bytes", "3000")
		s := startSession(t)
		done := s.sayTargets([]string{body}, fmt.Sprintf(
			`{"id":"t","address":%q,"connections":6,"timeoutMs":5000,"protocol":%q,"requests":[`+
				`{"weight":3,"method":"DELETE","path":"/a?b=c"},{"weight":1,"method":"PATCH","path":"/","body":0}]}`, server.Address, protocol))
		if done["failed"] != nil {
			t.Fatalf("failed: %v", done["failed"])
		}
		requests := checkEvents(t, s.run(threeSlices()...), 3000)
		if witness := server.Snapshot().Witness; witness.Requests != requests || witness.ConnectionsAccepted != 6 {
			t.Errorf("%s: the service saw %d requests of %d on %d connections", protocol, witness.Requests, requests, witness.ConnectionsAccepted)
		}
	}
}

func TestAMixThatCannotBeSentIsRefused(t *testing.T) {
	for requests, want := range map[string]string{
		`[{"weight":0,"path":"/"}]`:                       "weight",
		`[{"weight":-1,"path":"/"}]`:                      "weight",
		`[{"weight":1,"path":"/","body":1}]`:              "no body 1",
		`[{"weight":1,"path":"/","body":-1}]`:             "no body -1",
		`[{"weight":1,"path":"/","headers":{"a b":"c"}}]`: "cannot be sent",
		`[{"weight":1,"path":"/\r\nX: y"}]`:               "cannot be sent",
	} {
		s := startSession(t)
		event := s.sayTargets([]string{`"AAAA"`},
			`{"id":"t","address":"127.0.0.1:1","connections":1,"timeoutMs":1,"requests":`+requests+`}`)
		if message, _ := event["message"].(string); event["event"] != "error" || !strings.Contains(message, want) {
			t.Errorf("%s: %v", requests, event)
		}
	}
	s := startSession(t)
	if event := s.sayTargets([]string{`"?"`}, ""); event["event"] != "error" {
		t.Errorf("a body that is no base64: %v", event)
	}
}
