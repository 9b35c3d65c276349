//go:build !linux

package launch

import "errors"

// place skips the cgroup, the cores and the death signal, which do not exist here; the guard covers the last. A command
// that was to run in a network namespace must not run outside it.
func place(wanted placement) error {
	if wanted.netns != "" {
		return errors.New("--netns: network namespaces exist on Linux only")
	}
	return nil
}
