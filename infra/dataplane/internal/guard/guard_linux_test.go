package guard

import (
	"errors"
	"fmt"
	"io/fs"
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

// startGroup starts a process, with one child, that leads a group of its own.
func startGroup(t *testing.T) *exec.Cmd {
	t.Helper()
	command := exec.Command("sh", "-c", "sleep 300 & wait")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	})
	return command
}

func killedWithin(command *exec.Cmd, limit time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return command.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	case <-time.After(limit):
		return false
	}
}

// guard runs a guard to its end on these lines and returns what it logged.
func guard(t *testing.T, lines ...string) string {
	t.Helper()
	command := processtest.Command()
	command.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	log, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("the guard ended with %v", err)
	}
	return string(log)
}

func TestGroupsStillListedAreKilledAndDroppedOnesSpared(t *testing.T) {
	listed, dropped := startGroup(t), startGroup(t)
	guard(t,
		"group "+strconv.Itoa(listed.Process.Pid), "group "+strconv.Itoa(dropped.Process.Pid),
		"drop "+strconv.Itoa(dropped.Process.Pid))
	if !killedWithin(listed, 2*time.Second) {
		t.Error("the listed group lives")
	}
	if err := syscall.Kill(dropped.Process.Pid, 0); err != nil {
		t.Errorf("the dropped group: %v", err)
	}
}

func TestSignalsThatEndTheHarnessDoNotEndTheGuard(t *testing.T) {
	listed := startGroup(t)
	command := processtest.Command()
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	// Its complaint about the first line says that it is reading, and so that it ignores signals already.
	fmt.Fprintln(stdin, "nonsense")
	if _, err := stderr.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		_ = command.Process.Signal(signal)
	}
	fmt.Fprintf(stdin, "group %d\n", listed.Process.Pid)
	stdin.Close()
	if err := command.Wait(); err != nil {
		t.Errorf("the guard ended with %v", err)
	}
	if !killedWithin(listed, 2*time.Second) {
		t.Error("the listed group lives")
	}
}

func TestLinesThatWouldKillTooMuchAreRefused(t *testing.T) {
	log := guard(t, "group 0", "group 1", "group -1", "group", "cgroup", "cgroup relative/meshmark-x")
	if lines := strings.Count(log, "\n"); lines != 6 {
		t.Errorf("%d complaints about 6 lines:\n%s", lines, log)
	}
}

// makeCgroup makes a cgroup with a nested one that a sleeping process is in.
func makeCgroup(t *testing.T, name string) (directory string, inside *exec.Cmd) {
	t.Helper()
	directory = filepath.Join(processtest.Cgroup2(t), name)
	nested := filepath.Join(directory, "plain", "deeper")
	if err := os.MkdirAll(nested, 0o755); err != nil {
		t.Skipf("cannot make a cgroup: %v", err)
	}
	t.Cleanup(func() {
		for at := nested; len(at) >= len(directory); at = filepath.Dir(at) {
			_ = unix.Rmdir(at)
		}
	})
	inside = startGroup(t)
	procs := filepath.Join(nested, "cgroup.procs")
	if err := os.WriteFile(procs, []byte(strconv.Itoa(inside.Process.Pid)), 0); err != nil {
		t.Fatal(err)
	}
	return directory, inside
}

func TestCgroupIsKilledAndRemovedWithItsChildren(t *testing.T) {
	directory, inside := makeCgroup(t, fmt.Sprintf("meshmark-guard-test-%d", os.Getpid()))
	if log := guard(t, "cgroup "+directory); log != "" {
		t.Errorf("the guard logged %q", log)
	}
	if _, err := os.Stat(directory); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cgroup is still there: %v", err)
	}
	if !killedWithin(inside, 2*time.Second) {
		t.Error("the process in it lives")
	}
}

func TestCgroupOfAnotherNameIsLeftAlone(t *testing.T) {
	directory, inside := makeCgroup(t, fmt.Sprintf("another-guard-test-%d", os.Getpid()))
	if log := guard(t, "cgroup "+directory); !strings.Contains(log, "left alone") {
		t.Errorf("the guard logged %q", log)
	}
	if err := syscall.Kill(inside.Process.Pid, 0); err != nil {
		t.Errorf("the process in it: %v", err)
	}
	_ = syscall.Kill(-inside.Process.Pid, syscall.SIGKILL)
	_ = inside.Wait()
}

func TestOrdinaryDirectoryIsLeftAloneWhateverItsName(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "meshmark-1")
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	if log := guard(t, "cgroup "+directory); !strings.Contains(log, "left alone") {
		t.Errorf("the guard logged %q", log)
	}
	if _, err := os.Stat(directory); err != nil {
		t.Error(err)
	}
}

func TestMembersAreKilledOneByOneWhereTheKernelHasNoKillFile(t *testing.T) {
	directory, inside := makeCgroup(t, fmt.Sprintf("meshmark-guard-members-%d", os.Getpid()))
	killMembers(directory)
	if !killedWithin(inside, 2*time.Second) {
		t.Error("the process in it lives")
	}
}
