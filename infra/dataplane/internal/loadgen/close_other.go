//go:build !linux

package loadgen

import "net"

// leaveNoTimeWait has Close end a connection in order and then reset it, so that mostly no TIME_WAIT is left behind.
func leaveNoTimeWait(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
		_ = tcp.CloseWrite()
	}
}
