package sockmap

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// checkCgroup refuses what programs cannot be attached to.
func checkCgroup(path string) error {
	var filesystem unix.Statfs_t
	if err := unix.Statfs(path, &filesystem); err != nil {
		return fmt.Errorf("cgroup %s: %w", path, err)
	}
	if filesystem.Type != unix.CGROUP2_SUPER_MAGIC {
		return fmt.Errorf("%s is no directory of cgroup v2: mount one of type cgroup2", path)
	}
	return nil
}

// checkInside refuses a cgroup that this process is not in: its sockets would be none of the programs' business.
func checkInside(path string) error {
	own, found := strconv.Itoa(os.Getpid()), false
	err := filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "cgroup.procs" {
			return nil // A cgroup may be removed meanwhile.
		}
		if processes, err := os.ReadFile(at); err == nil && slices.Contains(strings.Fields(string(processes)), own) {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cgroup %s: %w", path, err)
	}
	if !found {
		return fmt.Errorf("cgroup %s: process %s is not in it, and no socket of its would be forwarded", path, own)
	}
	return nil
}
