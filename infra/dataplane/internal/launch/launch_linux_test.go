package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, Main) }

func launched(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	command := processtest.Command(append([]string{"--parent", strconv.Itoa(os.Getpid())}, args...)...)
	combined, _ := command.CombinedOutput()
	return strings.TrimSpace(string(combined)), command.ProcessState.ExitCode()
}

func allowedCPUs(t *testing.T) []int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	var cpus []int
	for cpu := range 1024 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

func TestCommandHasTheLaunchersPidAndItsOwnExitCode(t *testing.T) {
	command := processtest.Command("--parent", strconv.Itoa(os.Getpid()), "--", "sh", "-c", "echo $$; exit 7")
	output, _ := command.Output()
	if got, want := strings.TrimSpace(string(output)), strconv.Itoa(command.Process.Pid); got != want {
		t.Errorf("the command has pid %s, the launcher had %s", got, want)
	}
	if code := command.ProcessState.ExitCode(); code != 7 {
		t.Errorf("exit code %d, want 7", code)
	}
}

func TestCommandRunsOnTheCoresAsked(t *testing.T) {
	cpus := allowedCPUs(t)
	last := strconv.Itoa(cpus[len(cpus)-1])
	output, code := launched(t, "--cpus", last, "--", "grep", "Cpus_allowed_list", "/proc/self/status")
	if fields := strings.Fields(output); code != 0 || len(fields) != 2 || fields[1] != last {
		t.Errorf("asked for core %s, got %q, exit code %d", last, output, code)
	}
}

func TestWhatCannotBeDoneIsOneLineAnd125(t *testing.T) {
	for name, args := range map[string][]string{
		"a core that is not there": {"--cpus", "0,1000", "--", "true"},
		"no core number":           {"--cpus", "a", "--", "true"},
		"no such cgroup":           {"--cgroup", "/sys/fs/cgroup/meshmark-none", "--", "true"},
		"no such namespace":        {"--netns", "/proc/self/ns/none", "--", "true"},
		"no network namespace":     {"--netns", "/proc/self/ns/uts", "--", "true"},
		"no such command":          {"--", "meshmark-no-such-command"},
		"no command":               {},
		"another parent":           {"--parent", "1", "--", "true"},
	} {
		if output, code := launched(t, args...); code != 125 || output == "" || strings.Contains(output, "\n") {
			t.Errorf("%s: exit code %d, output %q", name, code, output)
		}
	}
}

func TestCommandDiesWhenItsParentIsKilled(t *testing.T) {
	// The shell is the parent; exec keeps its pid out of the way of a subshell.
	parent := exec.Command("sh", "-c", `"$0" --parent $$ -- sh -c 'echo $$; exec sleep 300' & wait`, os.Args[0])
	parent.Env = processtest.Command().Env
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Fscan(stdout, &child); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The pipe ends once the last process that holds it, the child, has ended.
	ended := make(chan struct{})
	go func() {
		_, _ = io.ReadAll(stdout)
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(child, syscall.SIGKILL)
		t.Error("the command outlived its parent by 5 s")
	}
	_ = parent.Wait()
}

func TestCommandJoinsTheCgroup(t *testing.T) {
	directory := filepath.Join(processtest.Cgroup2(t), fmt.Sprintf("meshmark-launch-test-%d", os.Getpid()))
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Skipf("cannot make a cgroup: %v", err)
	}
	defer func() {
		if err := unix.Rmdir(directory); err != nil {
			t.Error(err)
		}
	}()
	output, code := launched(t, "--cgroup", directory, "--", "cat", "/proc/self/cgroup")
	if code != 0 || !strings.Contains(output, "/"+filepath.Base(directory)) {
		t.Errorf("exit code %d; the command was in %q", code, output)
	}
}

func TestCommandRunsInTheNetworkNamespaceAsked(t *testing.T) {
	// The holder keeps a namespace of its own for as long as its input is open.
	holder := exec.Command("cat")
	holder.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); errors.Is(err, syscall.EPERM) {
		t.Skip("making a network namespace needs root or CAP_SYS_ADMIN")
	} else if err != nil {
		t.Fatal(err)
	}
	defer func() {
		stdin.Close()
		_ = holder.Wait()
	}()
	path := fmt.Sprintf("/proc/%d/ns/net", holder.Process.Pid)
	wanted, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil || own == wanted {
		t.Fatalf("the holder is in our own namespace %s (%v)", own, err)
	}
	output, code := launched(t, "--netns", path, "--", "readlink", "/proc/self/ns/net")
	if code != 0 || output != wanted {
		t.Errorf("exit code %d; the command was in %q, wanted %q", code, output, wanted)
	}
}

func TestNamespaceWithoutThePrivilegeIsOneLineAnd125(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving up root needs root")
	}
	// The test binary lies where only root may look; a copy that anybody may run does not.
	binary := filepath.Join(t.TempDir(), "launch")
	image, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, image, 0o755); err != nil {
		t.Fatal(err)
	}
	for at := filepath.Dir(binary); at != "/" && at != os.TempDir(); at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command := processtest.Command("--parent", strconv.Itoa(os.Getpid()), "--netns", "/proc/self/ns/net", "--", "true")
	command.Path = binary
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 125 || !strings.Contains(string(output), "needs root") {
		t.Errorf("exit code %d, output %q", code, output)
	}
}
