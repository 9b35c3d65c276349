package sockmap

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tcpClosed is TCP_CLOSE, tcpEstablished TCP_ESTABLISHED of the kernel's include/net/tcp_states.h.
const (
	tcpEstablished = 1
	tcpFinWait1    = 4
	tcpFinWait2    = 5
	tcpClosed      = 7
)

// firstRetry and lastRetry bound how long a read may miss a wake-up that the kernel did not give.
const (
	firstRetry = 20 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// socket is one end of a pair.
type socket struct {
	connection *net.TCPConn
	raw        syscall.RawConn
	cookie     uint64
	// unsent is what the count of bytes sent through it started from.
	unsent int64
	retry  time.Duration
}

func newSocket(connection *net.TCPConn) (*socket, error) {
	raw, err := connection.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{connection: connection, raw: raw, retry: firstRetry}
	if s.cookie, err = cookieOf(raw); err != nil {
		return nil, err
	}
	s.unsent, err = s.sent()
	return s, err
}

// cookieOf is the number by which the programs know a socket.
func cookieOf(raw syscall.RawConn) (cookie uint64, err error) {
	err = control(raw, func(fd int) (err error) {
		cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
		return os.NewSyscallError("getsockopt", err)
	})
	return cookie, err
}

func control(raw syscall.RawConn, do func(fd int) error) (err error) {
	if closed := raw.Control(func(fd uintptr) { err = do(int(fd)) }); closed != nil {
		return closed
	}
	return err
}

// read blocks until there is something, and returns io.EOF at the end, which need not mean that all has been read.
//
// A socket in the table may answer EAGAIN although its peer has ended, when the wake-up for that end has been spent
// already: bytes that came before it was handed over are given to the programs by the first read.
// stuck is asked now and then whether to wait no longer.
func (s *socket) read(buffer []byte, stuck func() bool) (count int, err error) {
	pause := newPause()
	for {
		var errno error
		err := s.raw.Read(func(fd uintptr) bool {
			count, errno = readOnce(int(fd), buffer)
			return errno != unix.EAGAIN || peerEnded(int(fd))
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if stuck() {
				return 0, errBroken
			}
			s.rearm()
		case err != nil:
			return 0, err
		case errno == unix.EAGAIN:
			pause.sleep()
		default:
			return outcome(count, errno)
		}
	}
}

// readNow does not block; it returns 0 and nil when nothing is there.
func (s *socket) readNow(buffer []byte) (count int, err error) {
	var errno error
	if err := control(s.raw, func(fd int) error {
		count, errno = readOnce(fd, buffer)
		return nil
	}); err != nil {
		return 0, err
	}
	if errno == unix.EAGAIN {
		return 0, nil
	}
	return outcome(count, errno)
}

func readOnce(fd int, buffer []byte) (int, error) {
	for {
		count, err := unix.Read(fd, buffer)
		if err != unix.EINTR {
			return max(count, 0), err
		}
	}
}

func outcome(count int, errno error) (int, error) {
	switch {
	case errno != nil:
		return 0, os.NewSyscallError("read", errno)
	case count == 0:
		return 0, io.EOF
	}
	return count, nil
}

// rearm has the next blocking read look again after a while.
func (s *socket) rearm() {
	_ = s.connection.SetReadDeadline(time.Now().Add(s.retry))
	s.retry = min(2*s.retry, lastRetry)
}

func peerEnded(fd int) bool {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	return err != nil || (info.State != tcpEstablished && info.State != tcpFinWait1 && info.State != tcpFinWait2)
}

// received is how many bytes have come, the end counted as one.
func (s *socket) received() (count uint64, closed bool, err error) {
	err = control(s.raw, func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		count, closed = info.Bytes_received, info.State == tcpClosed
		return nil
	})
	return count, closed, err
}

// waiting is how many bytes can be read. FIONREAD would tell what the programs passed, even of a socket that is no longer
// theirs; so it is asked for what a read would return, without a place to put it.
func (s *socket) waiting() (count uint64, err error) {
	err = control(s.raw, func(fd int) error {
		const most, flags = 1 << 30, unix.MSG_PEEK | unix.MSG_TRUNC | unix.MSG_DONTWAIT
		queued, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), 0, most, flags, 0, 0)
		switch errno {
		case 0:
			count = uint64(queued)
		case unix.EAGAIN:
			count = 0
		default:
			return os.NewSyscallError("recvfrom", errno)
		}
		return nil
	})
	return count, err
}

// sent is how many bytes have been written to the socket, by whomever: those acknowledged and those that are not yet.
// Both are read one after another, in the order that makes an acknowledgement between them count too little.
func (s *socket) sent() (count int64, err error) {
	err = control(s.raw, func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		if info.State == tcpClosed {
			return errBroken
		}
		queued, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
		if err != nil {
			return os.NewSyscallError("ioctl", err)
		}
		count = int64(info.Bytes_acked) + int64(queued) - s.unsent
		return nil
	})
	return count, err
}

// fault is what is wrong with a socket that nobody reads or writes.
func (s *socket) fault() error {
	return control(s.raw, faultOf)
}

func faultOf(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if errno != 0 {
		return fmt.Errorf("%w: %w", errBroken, unix.Errno(errno))
	}
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if info.State == tcpClosed {
		return errBroken
	}
	return nil
}

// pause waits longer each time, for what the kernel does without telling.
type pause struct{ next time.Duration }

func newPause() pause { return pause{20 * time.Microsecond} }

func (p *pause) sleep() {
	time.Sleep(p.next)
	p.next = min(2*p.next, 10*time.Millisecond)
}
