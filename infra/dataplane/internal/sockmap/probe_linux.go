package sockmap

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/bpf"
)

// Probe loads the programs, attaches them to that cgroup and removes them again. Its error is one line that says what is
// missing.
func Probe(cgroup string) error {
	// No connection is accepted at port 0, so that no socket is touched meanwhile.
	table, err := open(cgroup, bpf.SockmapMmSkListener{})
	if err != nil {
		return err
	}
	attached := table.Attached()
	if err := table.Close(); err != nil {
		return err
	}
	if attached != Programs {
		return fmt.Errorf("the kernel confirms %d of %d programs attached (asking it about a table needs Linux 5.17)",
			attached, Programs)
	}
	return nil
}

// explain adds what the kernel's answer most likely means, in one line.
func explain(what string, err error) error {
	if rejected, ok := errors.AsType[*ebpf.VerifierError](err); ok {
		// Its text has the verifier's log in it.
		return fmt.Errorf("%s: the verifier rejects them: %w", what, rejected.Cause)
	}
	var hint string
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		hint = lacking()
	case errors.Is(err, unix.ENOSYS):
		hint = "the kernel needs CONFIG_BPF_SYSCALL"
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, unix.EINVAL):
		hint = "the kernel needs CONFIG_BPF_STREAM_PARSER, CONFIG_CGROUP_BPF and CONFIG_INET"
	case errors.Is(err, unix.ENOMEM):
		hint = "raise the limit on locked memory"
	}
	if hint == "" {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w (%s)", what, err, hint)
}

// lacking names the capabilities that the process does not have.
func lacking() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "needs CAP_BPF and CAP_NET_ADMIN"
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name != "CapEff" {
			continue
		}
		has, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err != nil {
			break
		}
		var names []string
		if has&(1<<unix.CAP_BPF|1<<unix.CAP_SYS_ADMIN) == 0 {
			names = append(names, "CAP_BPF")
		}
		if has&(1<<unix.CAP_NET_ADMIN|1<<unix.CAP_SYS_ADMIN) == 0 {
			names = append(names, "CAP_NET_ADMIN")
		}
		if len(names) == 0 {
			return "it has CAP_BPF and CAP_NET_ADMIN, so that something else forbids it, as kernel lockdown or seccomp"
		}
		return "lacks " + strings.Join(names, " and ")
	}
	return "needs CAP_BPF and CAP_NET_ADMIN"
}
