//go:build unix

package loadgen

import "syscall"

// wantedFiles is what the limit on open files is raised to where that is allowed.
const wantedFiles = 1 << 20

// raiseFileLimit raises the limit as far as it may: to what is wanted as root, else to the hard limit.
func raiseFileLimit() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur >= wantedFiles {
		return
	}
	raised := limit
	raised.Cur, raised.Max = wantedFiles, max(limit.Max, wantedFiles)
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) != nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

// fileLimit returns how many files may be open at once.
func fileLimit() int64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return never
	}
	return int64(min(uint64(limit.Cur), never))
}
