package loadgen

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sleeper waits for moments on the calling thread, which must be locked, without Go's timers: they round up to a
// millisecond when the process is idle.
type sleeper struct {
	clk clock
	// monotonic is what CLOCK_MONOTONIC reads when clk reads 0.
	monotonic int64
	yieldedAt int64
}

func newSleeper(clk clock) *sleeper {
	// The default slack of 50 µs lets the kernel delay every sleep by that much to save wake-ups.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	s := &sleeper{clk: clk, monotonic: monotonicOffset(clk)}
	// Where it may (root or CAP_SYS_NICE), the thread comes before everybody else on its core for the few µs that a send
	// takes, as an interrupt does, because the kernel's fair scheduler may let the service or a reader finish its turn of
	// some ms first. Threads started from this one do not inherit it. Refused, pacing is as good as the core is quiet.
	//
	// From here on the thread makes raw system calls only: leaving an ordinary one, it might have to wait, spinning, for
	// the runtime's monitor, which on the same core cannot run before a thread of this kind sleeps.
	attr := unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: 1,
	}
	_, _, _ = syscall.RawSyscall(unix.SYS_SCHED_SETATTR, 0, uintptr(unsafe.Pointer(&attr)), 0)
	return s
}

// monotonicOffset compares the two clocks, bracketing one reading of the kernel's by two of ours; the closest of some
// tries is right to far less than 1 µs.
func monotonicOffset(clk clock) int64 {
	offset, closest := int64(0), int64(never)
	for range 10 {
		var at unix.Timespec
		before := clk.now()
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &at) != nil {
			continue
		}
		after := clk.now()
		if after-before < closest {
			closest, offset = after-before, at.Nano()-(before+after)/2
		}
	}
	return offset
}

// until returns at the given reading of the clock, or within 20 ms once aborted is set. A moment that has passed returns
// at once.
func (s *sleeper) until(at int64, aborted *atomic.Bool) {
	const (
		longest = int64(20 * time.Millisecond)
		// Now and then a sleep is left unpinned, so that a collection under the memory limit need not wait for the slice's
		// end: the runtime repeats its request to stop every 100 µs.
		yieldEvery = int64(200 * time.Millisecond)
		yieldFor   = int64(200 * time.Microsecond)
	)
	for {
		now := s.clk.now()
		if now >= at || aborted.Load() {
			return
		}
		if now-s.yieldedAt > yieldEvery && at-now > 2*yieldFor {
			s.yieldedAt = now
			s.sleep(now + yieldFor)
			continue
		}
		procPin()
		s.sleep(min(at, now+longest))
		// A request to yield that came meanwhile is noticed, and dropped, by the next call of a function: while pinned.
		s.clk.now()
		procUnpin()
	}
}

// sleep sleeps in the kernel until a reading of the clock or a signal. Raw: the thread keeps its processor (GOMAXPROCS
// has one to spare for it), so that nobody has to be asked for one when the request is due.
func (s *sleeper) sleep(until int64) {
	wake := unix.NsecToTimespec(until + s.monotonic)
	_, _, _ = syscall.RawSyscall6(syscall.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(&wake)), 0, 0, 0)
}
