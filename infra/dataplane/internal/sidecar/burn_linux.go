package sidecar

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// burnCPU wastes that much CPU of the calling thread, by the thread's own CPU clock: time in which the thread did not
// run does not count. The clock is read by a system call of some tenths of a microsecond, so that a burn is exact to
// about half a microsecond, and part of it is system time.
func burnCPU(amount time.Duration) {
	// The clock is the thread's, so the goroutine must not move to another one meanwhile.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for end := threadCPU() + int64(amount); threadCPU() < end; {
	}
}

// threadCPU is the thread's CPU time in nanoseconds. The clock always exists on Linux, so an error cannot come.
func threadCPU() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now)
	return now.Nano()
}
