package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"meshmark/dataplane/internal/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, Main) }

const allowAll = `[{"identity":"*","method":"*","path":"*","effect":"allow"}]`

func rulesFile(t *testing.T, rules string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func dial(t *testing.T, address string) *Client {
	t.Helper()
	client, err := Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func put(t *testing.T, server *processtest.Server, rules string) (status int, answered string) {
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
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(text))
}

func TestChecksAreAnsweredByTheRulesInForceAndCounted(t *testing.T) {
	server := processtest.StartServer(t, "--rules",
		rulesFile(t, `[{"identity":"`+outbound+`","method":"GET","path":"/api/*","effect":"allow"}]`))
	client := dial(t, server.Address)
	ctx := context.Background()
	first, err := client.Check(ctx, outbound, "GET", "/api/x")
	if err != nil || !first.Allowed || first.Rules.Number != 1 {
		t.Errorf("%+v %v", first, err)
	}
	if denied, err := client.Check(ctx, Anonymous, "GET", "/api/x"); err != nil || denied.Allowed {
		t.Errorf("%+v %v", denied, err)
	}
	if code, answered := put(t, server, `[]`); code != 200 || answered != `{"version":2}` {
		t.Errorf("%d %s", code, answered)
	}
	second, err := client.Check(ctx, outbound, "GET", "/api/x")
	if err != nil || second.Allowed || second.Rules != (Version{first.Rules.Instance, 2}) {
		t.Errorf("%+v %v after %+v", second, err, first)
	}
	if requests := server.Snapshot().Witness.Requests; requests != 3 {
		t.Errorf("%d checks counted", requests)
	}
	if code, log := server.Stop(); code != 0 || log != "" {
		t.Errorf("exit code %d, log %q", code, log)
	}
}

func TestNothingThatIsAmbiguousIsDecided(t *testing.T) {
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll))
	client := dial(t, server.Address)
	for _, ask := range [][3]string{{"", "GET", "/"}, {Anonymous, "", "/"}, {Anonymous, "GET", ""}, {Anonymous, "GET", "/a/../b"}} {
		if decision, err := client.Check(context.Background(), ask[0], ask[1], ask[2]); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: %+v %v", ask, decision, err)
		}
	}
}

func TestRulesThatAreWrongChangeNothing(t *testing.T) {
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll))
	for _, wrong := range []string{`[{"identity":"*"}]`, `nonsense`, ``} {
		if code, answered := put(t, server, wrong); code != http.StatusBadRequest || answered == "" {
			t.Errorf("%s: %d %s", wrong, code, answered)
		}
	}
	if code, _ := put(t, server, strings.Repeat(" ", largestRules+1)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d of rules that are too large", code)
	}
	answer, err := http.Get("http://" + server.Admin + "/rules")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var shown struct {
		Version uint64
		Rules   json.RawMessage
	}
	if err := json.NewDecoder(answer.Body).Decode(&shown); err != nil {
		t.Fatal(err)
	}
	if shown.Version != 1 || !bytes.Equal(shown.Rules, []byte(allowAll)) {
		t.Errorf("version %d: %s", shown.Version, shown.Rules)
	}
}

func TestAStartWithoutGoodRulesIsRefused(t *testing.T) {
	for _, args := range [][]string{
		{}, {"--rules", "none.json"}, {"--rules", rulesFile(t, `[{}]`)}, {"--rules", rulesFile(t, allowAll), "--latency", "-1ms"},
	} {
		command := processtest.Command(args...)
		var log bytes.Buffer
		command.Stderr = &log
		if err := command.Run(); command.ProcessState.ExitCode() != 2 || !strings.HasPrefix(log.String(), "dataplane policy: ") {
			t.Errorf("%v: %v, log %q", args, err, log.String())
		}
	}
}

func TestAWatchTellsTheVersionAtOnceAndEveryChange(t *testing.T) {
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll))
	told := make(chan Version, 100)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := dial(t, server.Address)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		client.Watch(ctx, func(version Version) { told <- version }, func(err error) { t.Error(err) })
	}()
	for want := uint64(1); want <= 5; want++ {
		select {
		case version := <-told:
			if version.Number != want {
				t.Fatalf("told version %d, want %d", version.Number, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("version %d was not told", want)
		}
		put(t, server, allowAll)
	}
	cancel()
	<-ended
}

func TestAWatchOutlivesItsServer(t *testing.T) {
	file := rulesFile(t, allowAll)
	first := processtest.StartServer(t, "--rules", file)
	told, lost := make(chan Version, 100), make(chan error, 100)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := dial(t, first.Address)
	go client.Watch(ctx, func(version Version) { told <- version }, func(err error) { lost <- err })
	before := <-told
	first.Stop()
	<-lost
	time.Sleep(300 * time.Millisecond)
	processtest.StartServer(t, "--rules", file, "--listen", first.Address)
	select {
	case after := <-told:
		if after.Instance == before.Instance || after.Number != 1 {
			t.Errorf("%+v after %+v", after, before)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the new server was not found")
	}
	if len(lost) != 0 {
		t.Errorf("one loss was reported %d times: %v", 1+len(lost), <-lost)
	}
}

func TestChecksDuringAChangeAreByOneVersionOrTheOther(t *testing.T) {
	// Each version allows one path only, so that a mixture would allow both or none.
	odd := `[{"identity":"*","method":"*","path":"/odd","effect":"allow"}]`
	even := `[{"identity":"*","method":"*","path":"/even","effect":"allow"}]`
	server := processtest.StartServer(t, "--rules", rulesFile(t, odd))
	client := dial(t, server.Address)
	var all sync.WaitGroup
	stop := make(chan struct{})
	for _, path := range []string{"/odd", "/even"} {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				decision, err := client.Check(context.Background(), Anonymous, "GET", path)
				if err != nil {
					t.Error(err)
					return
				}
				if want := (decision.Rules.Number%2 == 1) == (path == "/odd"); decision.Allowed != want {
					t.Errorf("%s by version %d: %v", path, decision.Rules.Number, decision.Allowed)
					return
				}
			}
		})
	}
	for change := range 50 {
		put(t, server, []string{even, odd}[change%2])
	}
	close(stop)
	all.Wait()
}

func TestLatencyIsNeverShorterThanAskedAndSeldomMuchLonger(t *testing.T) {
	const asked = 5 * time.Millisecond
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll), "--latency", asked.String())
	client := dial(t, server.Address)
	var took []time.Duration
	for range 50 {
		start := time.Now()
		if _, err := client.Check(context.Background(), Anonymous, "GET", "/"); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	t.Logf("asked %s, least %s, median %s, most %s, the call itself included", asked, took[0], took[25], took[49])
	if took[0] < asked || took[25] > asked+100*time.Millisecond {
		t.Errorf("least %s, median %s", took[0], took[25])
	}
}

func TestChecksWaitSideBySide(t *testing.T) {
	const latency = 200 * time.Millisecond
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll), "--latency", latency.String())
	client := dial(t, server.Address)
	start := time.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := client.Check(context.Background(), Anonymous, "GET", "/"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// One after another they would take 20 s.
	if together := time.Since(start); together < latency || together > 25*latency {
		t.Errorf("100 checks at once took %s", together)
	}
}

func TestHealthIsAnswered(t *testing.T) {
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll))
	client := dial(t, server.Address)
	for _, service := range []string{"", "meshmark.policy.v1.Policy"} {
		answer, err := grpc_health_v1.NewHealthClient(client.connection).
			Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil || answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v %v", service, answer, err)
		}
	}
}

func TestAServerThatCannotBeReachedFailsAtOnce(t *testing.T) {
	client := dial(t, "127.0.0.1:1")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if decision, err := client.Check(ctx, Anonymous, "GET", "/"); err == nil || decision.Allowed || ctx.Err() != nil {
		t.Errorf("%+v %v %v", decision, err, ctx.Err())
	}
}

func Example_rules() {
	rules, err := ParseRules([]byte(`[{"identity":"*","method":"GET","path":"/api/*","effect":"permit"}]`))
	fmt.Println(rules, err)
	// Output: [] rule 1: effect must be "allow" or "deny", got "permit"
}
