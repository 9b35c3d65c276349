package podcgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ofPod is how the kubelet names a pod's cgroup, by its uid with dashes or, under systemd, underscores
// (k8s.io/kubernetes/pkg/kubelet/cm, pod_container_manager_linux.go).
var ofPod = regexp.MustCompile(`pod[0-9a-f]{8}[-_][0-9a-f]{4}[-_]`)

func own(root string) (string, error) { return ownOf(root, ofVersion2) }

// ofVersion2 tells cgroups that programs can be attached to from those of older hierarchies, which a hybrid machine has
// beside them.
func ofVersion2(directory string) bool {
	var filesystem unix.Statfs_t
	return unix.Statfs(directory, &filesystem) == nil && filesystem.Type == unix.CGROUP2_SUPER_MAGIC
}

func ownOf(root string, usable func(directory string) bool) (string, error) {
	self, found := strconv.Itoa(os.Getpid()), ""
	err := filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "cgroup.procs" {
			return nil // A cgroup may be removed meanwhile.
		}
		// The kernel writes pids as the reader's own namespace has them, and 0 for processes outside it.
		processes, err := os.ReadFile(at)
		if err == nil && slices.Contains(strings.Fields(string(processes)), self) && usable(filepath.Dir(at)) {
			found = filepath.Dir(at)
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", root, err)
	}
	if found == "" {
		return "", errors.New("process " + self + " is in no cgroup v2 below " + root + ": mount the node's cgroup v2 there")
	}
	for at := found; len(at) > len(filepath.Clean(root)); at = filepath.Dir(at) {
		if ofPod.MatchString(filepath.Base(at)) {
			return at, nil
		}
	}
	return "", fmt.Errorf("%s is not the cgroup of a pod's container, nor below one", found)
}
