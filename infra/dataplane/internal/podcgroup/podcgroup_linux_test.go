package podcgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func cgroups(t *testing.T, processes map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for at, pids := range processes {
		directory := filepath.Join(root, at)
		if err := os.MkdirAll(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, "cgroup.procs"), []byte(pids), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestResolveFindsThePodOfThisProcess(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for name, pod := range map[string]string{
		"cgroupfs": "kubepods/burstable/pod0a1b2c3d-0000-4000-8000-000000000000",
		"systemd":  "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_0000_4000_8000_000000000000.slice",
	} {
		t.Run(name, func(t *testing.T) {
			root := cgroups(t, map[string]string{
				filepath.Join(pod, "cri-containerd-1.scope"):     "0\n" + self + "\n",
				"kubepods/pod99999999-0000-4000-8000-00/another": "0\n1" + self + "\n",
			})
			found, err := Resolve("pod:" + root)
			if err != nil || found != filepath.Join(root, pod) {
				t.Fatalf("found %q, %v", found, err)
			}
		})
	}
}

func TestResolveSaysWhyThereIsNone(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for want, root := range map[string]string{
		"is in no cgroup below":   cgroups(t, map[string]string{"a": "0\n"}),
		"not the cgroup of a pod": cgroups(t, map[string]string{"system.slice/ssh.service": self + "\n"}),
	} {
		if found, err := Resolve("pod:" + root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %q, %v; want %q", found, err, want)
		}
	}
}

func TestResolveLeavesOtherDirectoriesAlone(t *testing.T) {
	if found, err := Resolve("/sys/fs/cgroup/mine"); err != nil || found != "/sys/fs/cgroup/mine" {
		t.Fatalf("found %q, %v", found, err)
	}
}
