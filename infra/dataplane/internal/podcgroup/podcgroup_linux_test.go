package podcgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// anyDirectory stands for the kernel, which alone can make cgroups.
func anyDirectory(string) bool { return true }

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
			found, err := ownOf(root, anyDirectory)
			if err != nil || found != filepath.Join(root, pod) {
				t.Fatalf("found %q, %v", found, err)
			}
		})
	}
}

func TestResolveSaysWhyThereIsNone(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for want, root := range map[string]string{
		"is in no cgroup v2 below": cgroups(t, map[string]string{"a": "0\n"}),
		"not the cgroup of a pod":  cgroups(t, map[string]string{"system.slice/ssh.service": self + "\n"}),
	} {
		if found, err := ownOf(root, anyDirectory); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %q, %v; want %q", found, err, want)
		}
	}
}

// A hybrid machine has the pod in its older hierarchies, too, and they are met first.
func TestOlderHierarchiesAreLeftOut(t *testing.T) {
	self, pod := strconv.Itoa(os.Getpid()), "pod0a1b2c3d-0000-4000-8000-000000000000/1"
	root := cgroups(t, map[string]string{filepath.Join("cpu", pod): self + "\n", filepath.Join("unified", pod): self + "\n"})
	usable := func(directory string) bool { return strings.HasPrefix(directory, filepath.Join(root, "unified")) }
	found, err := ownOf(root, usable)
	if err != nil || found != filepath.Join(root, "unified", filepath.Dir(pod)) {
		t.Fatalf("found %q, %v", found, err)
	}
}

func TestResolveLeavesOtherDirectoriesAlone(t *testing.T) {
	if found, err := Resolve("/sys/fs/cgroup/mine"); err != nil || found != "/sys/fs/cgroup/mine" {
		t.Fatalf("found %q, %v", found, err)
	}
}
