package guard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ownPrefix begins the name of every cgroup that meshmark makes at the top of a mount.
	ownPrefix = "meshmark-"
	// removalLimit is how long killed processes may take to leave their cgroup.
	removalLimit = 2 * time.Second
)

// removeCgroups kills what is in the directories and removes them, children first. It returns what it refused to
// touch and what it could not remove in removalLimit.
func removeCgroups(directories []string) []error {
	var failures []error
	var left []string
	for _, directory := range directories {
		switch own, err := ownCgroup(directory); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			failures = append(failures, err)
		default:
			left = append(left, own)
		}
	}
	var last map[string]error
	for deadline := time.Now().Add(removalLimit); len(left) > 0 && time.Now().Before(deadline); {
		last = map[string]error{}
		var again []string
		for _, directory := range left {
			if err := killAndRemove(directory); err != nil {
				last[directory] = err
				again = append(again, directory)
			}
		}
		if left = again; len(left) > 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	for _, directory := range left {
		failures = append(failures, fmt.Errorf("cgroup %s is still there: %w", directory, last[directory]))
	}
	return failures
}

// ownCgroup is the directory without symbolic links. It fails unless that lies in a cgroup v2 file system and the
// directory or one above it in that file system is named meshmark-*: everything else is somebody else's.
func ownCgroup(directory string) (string, error) {
	if !filepath.IsAbs(directory) {
		return "", fmt.Errorf("cgroup %s is no absolute path", directory)
	}
	real, err := filepath.EvalSymlinks(directory)
	if err != nil {
		return "", fmt.Errorf("cgroup %s: %w", directory, err)
	}
	for at := real; isCgroup2(at) && at != "/"; at = filepath.Dir(at) {
		// The mount itself is never ours, whatever it is called.
		if strings.HasPrefix(filepath.Base(at), ownPrefix) && isCgroup2(filepath.Dir(at)) {
			return real, nil
		}
	}
	return "", fmt.Errorf("%s is no cgroup of meshmark's: left alone", directory)
}

func isCgroup2(directory string) bool {
	var system unix.Statfs_t
	return unix.Statfs(directory, &system) == nil && int64(system.Type) == unix.CGROUP2_SUPER_MAGIC
}

func killAndRemove(directory string) error {
	// cgroup.kill (Linux 5.14) takes the descendants too, and nothing can fork away from it.
	if os.WriteFile(filepath.Join(directory, "cgroup.kill"), []byte("1"), 0) != nil {
		killMembers(directory)
	}
	return removeTree(directory)
}

// killMembers kills the processes of a cgroup and those below it one by one.
func killMembers(directory string) {
	_ = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		members, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if err != nil {
			return nil
		}
		for _, word := range strings.Fields(string(members)) {
			if pid, err := strconv.Atoi(word); err == nil && pid > 1 && pid != os.Getpid() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return nil
	})
}

// removeTree removes a cgroup and those below it. A cgroup that is gone already is a success.
func removeTree(directory string) error {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeTree(filepath.Join(directory, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(directory); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", directory, err)
	}
	return nil
}
