package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// place puts the calling thread, and with exec the command, where it was wanted.
func place(wanted placement) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("ask for a signal at the parent's death: %w", err)
	}
	// The signal is only sent for a death after the call, and an orphan has another parent.
	if parent := os.Getppid(); parent != wanted.parent {
		return fmt.Errorf("the parent %d has ended already (the parent is now %d)", wanted.parent, parent)
	}
	if wanted.cgroup != "" {
		if err := joinCgroup(wanted.cgroup); err != nil {
			return err
		}
	}
	if len(wanted.cpus) > 0 {
		if err := setAffinity(wanted.cpus); err != nil {
			return err
		}
	}
	if wanted.netns != "" {
		return enterNetworkNamespace(wanted.netns)
	}
	return nil
}

// enterNetworkNamespace moves the calling thread only, and with exec the command. What is mounted stays: /sys/class/net
// goes on to show the devices of the namespace that it was mounted in.
func enterNetworkNamespace(path string) error {
	namespace, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("enter the network namespace: %w", err)
	}
	defer namespace.Close()
	switch err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("enter the network namespace %s: %w (needs root or CAP_SYS_ADMIN)", path, err)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("enter %s: it is no network namespace", path)
	case err != nil:
		return fmt.Errorf("enter the network namespace %s: %w", path, err)
	}
	return nil
}

func joinCgroup(directory string) error {
	procs, err := os.OpenFile(filepath.Join(directory, "cgroup.procs"), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("join the cgroup: %w", err)
	}
	defer procs.Close()
	if _, err := procs.WriteString(strconv.Itoa(os.Getpid())); err != nil {
		return fmt.Errorf("join the cgroup: %w", err)
	}
	return nil
}

func setAffinity(cpus []int) error {
	var wanted, got unix.CPUSet
	for _, cpu := range cpus {
		wanted.Set(cpu)
		if !wanted.IsSet(cpu) {
			return fmt.Errorf("run on cores %v: there is no core %d", cpus, cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &wanted); err != nil {
		return fmt.Errorf("run on cores %v: %w", cpus, err)
	}
	// The kernel silently leaves out cores that the machine or the cpuset does not have.
	if err := unix.SchedGetaffinity(0, &got); err != nil {
		return fmt.Errorf("run on cores %v: %w", cpus, err)
	}
	if got != wanted {
		return fmt.Errorf("run on cores %v: some of them do not exist or are not allowed here", cpus)
	}
	return nil
}
