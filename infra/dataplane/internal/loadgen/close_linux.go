package loadgen

import (
	"net"

	"golang.org/x/sys/unix"
)

// leaveNoTimeWait has Close end a connection in order and yet leave no TIME_WAIT behind, which would take a port for a
// minute and fill the tables that the next variant is measured with. The kernel sends the end of the stream, and once
// the peer has that, drops the connection with a reset, which the peer meets behind the end, where no read sees it
// (tcp(7), TCP_LINGER2; the reset at once of SO_LINGER would be the peer's failure to read).
func leaveNoTimeWait(nc net.Conn) {
	if fd, err := descriptorOf(nc); err == nil {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_LINGER2, -1)
	}
}
