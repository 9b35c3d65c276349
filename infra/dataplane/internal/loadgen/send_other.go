//go:build !linux

package loadgen

import "time"

// writeNow writes by way of Go's poller, which waits where the socket is full.
func (c *conn) writeNow(request []byte) (written int, ok bool) {
	n, err := c.nc.Write(request)
	return n, err == nil
}

// idleIsSilent reports whether a connection without a request in flight is still open and silent.
func (c *conn) idleIsSilent() bool {
	_ = c.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.reader.Peek(1)
	_ = c.nc.SetReadDeadline(time.Time{})
	timeout, isTimeout := err.(interface{ Timeout() bool })
	return isTimeout && timeout.Timeout()
}
