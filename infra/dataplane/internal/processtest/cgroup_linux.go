package processtest

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cgroup2 is where cgroup v2 is mounted, on hybrid machines beside the older controllers. It skips the test without one.
func Cgroup2(t testing.TB) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Skipf("cannot look for cgroup v2: %v", err)
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "cgroup2" {
			return fields[1]
		}
	}
	t.Skip("no cgroup v2 mount")
	return ""
}

// NewCgroup makes a cgroup v2 that is removed when the test has ended its processes. It skips the test where it cannot.
func NewCgroup(t testing.TB) (directory string) {
	t.Helper()
	directory, err := os.MkdirTemp(Cgroup2(t), "meshmark-test-")
	if err != nil {
		t.Skipf("cannot make a cgroup: %v", err)
	}
	t.Cleanup(func() {
		// A process that has been killed may be in it for a moment longer.
		for range 100 {
			if err = os.Remove(directory); err == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("remove the cgroup: %v", err)
	})
	return directory
}

// StartServerIn is StartServer for a process that is in that cgroup from its first instruction.
func StartServerIn(t testing.TB, cgroup string, args ...string) *Server {
	t.Helper()
	directory, err := os.Open(cgroup)
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	command := Command(args...)
	command.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(directory.Fd())}
	return startServer(t, command)
}
