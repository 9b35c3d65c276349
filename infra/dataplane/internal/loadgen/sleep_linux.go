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
}

func newSleeper(clk clock) *sleeper {
	// The default slack of 50 µs lets the kernel delay every sleep by that much to save wake-ups.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return &sleeper{clk: clk, monotonic: monotonicOffset(clk)}
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
	const longest = int64(20 * time.Millisecond)
	for {
		now := s.clk.now()
		if now >= at || aborted.Load() {
			return
		}
		wake := unix.NsecToTimespec(min(at, now+longest) + s.monotonic)
		// Raw: the thread keeps its processor while it sleeps (GOMAXPROCS has one to spare for it), so that nobody has to
		// be asked for one when the request is due. A signal ends the sleep early; the loop goes on.
		_, _, _ = syscall.RawSyscall6(syscall.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(&wake)), 0, 0, 0)
	}
}
