package processtest

import (
	"os"
	"strings"
	"testing"
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
