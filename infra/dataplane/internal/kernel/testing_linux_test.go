package kernel

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/sidecar"
)

// The test binary starts itself again as an agent, or with "sidecar" as the first word as a sidecar.
func TestMain(m *testing.M) {
	processtest.Main(m, func(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
		if len(args) > 0 && args[0] == "sidecar" {
			return sidecar.Main(args[1:], stdin, stdout, stderr)
		}
		return Main(args, stdin, stdout, stderr)
	})
}

// hooked moves the test's own process into a new cgroup for the length of the test, so that its sockets are those of the
// clients and the servers of an agent that is attached there. It skips the test where a feature cannot be had.
func hooked(t *testing.T, options Options) (cgroup string) {
	t.Helper()
	cgroup = processtest.NewCgroup(t)
	options.ClientCgroup, options.MeshCgroup = cgroup, cgroup
	if err := try(options); err != nil {
		t.Skipf("cannot be had here: %v", err)
	}
	home := ownCgroup(t)
	enter(t, cgroup)
	t.Cleanup(func() { enter(t, home) })
	return cgroup
}

func ownCgroup(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if path, is := strings.CutPrefix(strings.TrimSpace(line), "0::"); is {
			return filepath.Join(processtest.Cgroup2(t), path)
		}
	}
	t.Skip("this process is in no cgroup v2")
	return ""
}

func enter(t *testing.T, cgroup string) {
	t.Helper()
	pid := []byte(strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(filepath.Join(cgroup, "cgroup.procs"), pid, 0o644); err != nil {
		t.Fatal(err)
	}
}

// agentProcess is a running agent, asked over its admin port as the harness does.
type agentProcess struct {
	*processtest.Server
	t *testing.T
}

func startAgent(t *testing.T, cgroup string, flags ...string) agentProcess {
	t.Helper()
	args := append([]string{"--client-cgroup", cgroup, "--mesh-cgroup", cgroup}, flags...)
	return agentProcess{processtest.StartServer(t, args...), t}
}

func (a agentProcess) ask(method, path string, question, answer any) {
	a.t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		a.t.Fatal(err)
	}
	request, err := http.NewRequest(method, "http://"+a.Admin+path, bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	said, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer said.Body.Close()
	text, _ := io.ReadAll(said.Body)
	if said.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %s: status %d: %s", method, path, said.StatusCode, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			a.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

func (a agentProcess) register(name, address string) {
	a.t.Helper()
	a.ask("POST", "/endpoints", endpointQuestion{name, address}, nil)
}

func (a agentProcess) virtual(to string) string {
	a.t.Helper()
	var answer virtualAnswer
	a.ask("POST", "/virtual", virtualQuestion{to}, &answer)
	return answer.Address
}

func (a agentProcess) deny(addresses ...string) policyAnswer {
	a.t.Helper()
	var answer policyAnswer
	a.ask("PUT", "/policy", policyQuestion{append([]string{}, addresses...)}, &answer)
	return answer
}

func (a agentProcess) counters() map[string]int64 {
	a.t.Helper()
	var snapshot struct {
		Witness map[string]int64 `json:"witness"`
	}
	a.ask("GET", "/snapshot", nil, &snapshot)
	return snapshot.Witness
}

// families are the loopback addresses that everything is tried on.
var families = []struct{ network, listen string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}}

// echo sends back what comes, without the short cut that Go takes between two sockets, which is for sockets over TCP.
func echo(connection *net.TCPConn) {
	_, _ = io.Copy(struct{ io.Writer }{connection}, struct{ io.Reader }{connection})
}
