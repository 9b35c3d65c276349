package oscpu

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cpuClockSched selects the scheduler's own nanosecond accounting (CPUCLOCK_SCHED in the kernel's
// include/linux/posix-timers_types.h), not the tick samples of user and system time.
const cpuClockSched = 2

// highestPID is the kernel's PID_MAX_LIMIT. A clock's number has no room for more: the high bits of a larger pid would be
// lost, and the clock read be somebody else's.
const highestPID = 1 << 22

// processClock is the kernel's MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED): the complement of the pid above three bits
// of clock type. It is what clock_getcpuclockid(3) returns.
func processClock(pid int) int32 { return int32(^pid<<3) | cpuClockSched }

// Supported reports whether another process's CPU clock can be read here.
func Supported() bool {
	_, ok := ProcessCPU(os.Getpid())
	return ok
}

// ProcessCPU returns the CPU time in ns that all threads of a process have used since it started, exited threads
// included. ok is false when there is no such process. A zombie's clock can still be read until its parent reaps it.
func ProcessCPU(pid int) (ns int64, ok bool) {
	if pid <= 0 || pid > highestPID {
		return 0, false
	}
	var at unix.Timespec
	// Raw: it never blocks, and a caller that paces requests must not enter Go's scheduler for it.
	_, _, errno := syscall.RawSyscall(unix.SYS_CLOCK_GETTIME, uintptr(processClock(pid)), uintptr(unsafe.Pointer(&at)), 0)
	if errno != 0 {
		return 0, false
	}
	return at.Nano(), true
}
