package loadgen

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeNow writes what the socket takes without blocking, straight by system call. The descriptor is non-blocking, as
// all of Go's are, so that the scheduler need not be told: a request on loopback is in the kernel for some µs only, and
// handing the processor over and asking for it back would cost the pacing thread more than that.
func (c *conn) writeNow(request []byte) (written int, ok bool) {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, c.fd, uintptr(unsafe.Pointer(unsafe.SliceData(request))), uintptr(len(request)))
		switch errno {
		case 0:
			return int(n), true
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return 0, true
		default:
			return 0, false
		}
	}
}

// idleIsSilent reports whether a connection without a request in flight is still open and silent.
func (c *conn) idleIsSilent() bool {
	var one [1]byte
	_, _, err := unix.Recvfrom(int(c.fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err == unix.EAGAIN
}
