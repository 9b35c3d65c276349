package wire

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"meshmark/dataplane/internal/processtest"
)

func TestMistakesInTheArgumentsAreOneLineAnd2(t *testing.T) {
	for name, args := range map[string][]string{
		"an unknown kind":            {"--kind", "bridge"},
		"a negative delay":           {"--delay", "-1ms"},
		"a delay of hours":           {"--delay", "1h"},
		"a delay by veth":            {"--kind", "veth", "--delay", "1ms"},
		"veth into another's":        {"--kind", "veth", "--b-namespace", "/proc/1/ns/net"},
		"both sides in one":          {"--b-namespace", "own"},
		"a tiny mtu":                 {"--mtu", "100"},
		"one address":                {"--a-address", "10.77.0.1/24"},
		"no address":                 {"--a-address", "here", "--b-address", "10.77.0.2/24"},
		"IPv6":                       {"--a-address", "fd00::1/64", "--b-address", "fd00::2/64"},
		"two networks":               {"--a-address", "10.77.0.1/24", "--b-address", "10.78.0.2/24"},
		"one address twice":          {"--a-address", "10.77.0.1/24", "--b-address", "10.77.0.1/24"},
		"an argument without option": {"5ms"},
	} {
		command := processtest.Command(args...)
		output, _ := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != 2 || strings.Count(string(output), "\n") != 1 {
			t.Errorf("%s: exit code %d, output %q", name, code, output)
		}
	}
}

func TestNamespaceThatIsNotThereIsOneLineAnd1(t *testing.T) {
	command := processtest.Command("--a-namespace", "/proc/self/ns/none")
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 1 || strings.Count(string(output), "\n") != 1 {
		t.Errorf("exit code %d, output %q", code, output)
	}
}

func probed(t *testing.T, binary string, credential *syscall.Credential, args ...string) (event probeEvent, code int) {
	t.Helper()
	command := processtest.Command(append([]string{"--probe"}, args...)...)
	if binary != "" {
		command.Path = binary
	}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	output, _ := command.Output()
	if err := json.Unmarshal(output, &event); err != nil {
		t.Fatalf("%v in %q", err, output)
	}
	return event, command.ProcessState.ExitCode()
}

func TestProbeSaysWhetherAWireCanBeMade(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making a wire needs root")
	}
	for _, kind := range []string{kindTUN, kindVeth} {
		if event, code := probed(t, "", nil, "--kind", kind); code != 0 || !event.Available || event.Reason != "" {
			t.Errorf("%s as root: exit code %d, %+v", kind, code, event)
		}
	}
	// The test binary lies where only root may look; a copy that anybody may run does not.
	directory, err := os.MkdirTemp("", "wire-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(directory)
	image, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(directory, "wire")
	if err := os.WriteFile(binary, image, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	event, code := probed(t, binary, &syscall.Credential{Uid: 65534, Gid: 65534})
	if code != 1 || event.Available || !strings.Contains(event.Reason, "needs root or CAP_SYS_ADMIN") {
		t.Errorf("as nobody: exit code %d, %+v", code, event)
	}
}
