package loadgen

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// idleWatch has the kernel keep note of connections that end, which costs nothing while none does.
type idleWatch struct {
	epoll int // 0 where there is none.
	ended int
}

func (w *idleWatch) begin(conns []net.Conn) error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("watch idle connections: %w", err)
	}
	w.epoll = epoll
	for _, nc := range conns {
		fd, err := descriptorOf(nc)
		if err != nil {
			return err
		}
		event := unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: int32(fd)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, int(fd), &event); err != nil {
			return fmt.Errorf("watch idle connections: %w", err)
		}
	}
	return nil
}

// lost returns how many have ended so far.
func (w *idleWatch) lost() int {
	var events [128]unix.EpollEvent
	for {
		n, err := unix.EpollWait(w.epoll, events[:], 0)
		if err == unix.EINTR {
			continue
		}
		w.ended += max(n, 0)
		if n < len(events) {
			return w.ended
		}
	}
}

func (w *idleWatch) end() {
	if w.epoll != 0 {
		_ = unix.Close(w.epoll)
	}
	*w = idleWatch{}
}
