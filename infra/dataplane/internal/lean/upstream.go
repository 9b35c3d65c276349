package lean

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"meshmark/dataplane/internal/clock"
)

// upstreamConn is a connection to the upstream that blocks.
type upstreamConn struct {
	net.Conn
	raw syscall.RawConn
	// alive and look are used by stillAlive, which must not allocate.
	alive      bool
	look       func(fd uintptr)
	perRequest func()
	idleFromNs int64
}

// upstreams keeps connections for reuse, the latest first.
type upstreams struct {
	proxy *proxy
	mutex sync.Mutex
	idle  []*upstreamConn
	ended bool
}

// get returns an idle connection that still stands, or a new one. A fresh one is asked for by fresh.
func (u *upstreams) get(ctx context.Context, fresh bool) (connection *upstreamConn, reused bool, err error) {
	for !fresh && !u.proxy.fresh() {
		connection = u.pop()
		if connection == nil {
			break
		}
		if connection.stillAlive() {
			return connection, true, nil
		}
		connection.Close()
	}
	connection, err = u.dial(ctx)
	return connection, false, err
}

func (u *upstreams) pop() *upstreamConn {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	last := len(u.idle) - 1
	if last < 0 {
		return nil
	}
	connection := u.idle[last]
	u.idle[last] = nil
	u.idle = u.idle[:last]
	return connection
}

// put keeps a connection, unless there are enough.
func (u *upstreams) put(connection *upstreamConn) {
	connection.idleFromNs = clock.MonotonicNs()
	u.mutex.Lock()
	full := u.ended || len(u.idle) >= u.proxy.options.IdleUpstreamConnections
	if !full {
		u.idle = append(u.idle, connection)
	}
	u.mutex.Unlock()
	if full {
		connection.Close()
	}
}

// end closes the idle connections and has those that are in use closed when they are put back.
func (u *upstreams) end() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.ended = true
	for _, connection := range u.idle {
		connection.Close()
	}
	u.idle = nil
}

func (u *upstreams) dial(ctx context.Context) (*upstreamConn, error) {
	u.proxy.counters.UpstreamDials.Add(1)
	options := &u.proxy.options
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	var dialer net.Dialer
	plain, err := dialer.DialContext(ctx, "tcp", options.Upstream)
	if err != nil {
		return nil, err
	}
	connection := &upstreamConn{Conn: plain}
	if connection.raw, err = plain.(syscall.Conn).SyscallConn(); err != nil {
		plain.Close()
		return nil, fmt.Errorf("look at the socket: %w", err)
	}
	encrypted := options.UpstreamTLS != nil
	connection.look = func(fd uintptr) { connection.alive = standsIdle(int(fd), encrypted) }
	if !encrypted {
		return connection, nil
	}
	secured := tls.Client(plain, options.UpstreamTLS)
	if err := secured.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	connection.Conn = secured
	if options.UpstreamHandshake != nil {
		connection.perRequest = options.UpstreamHandshake(secured.ConnectionState())
	}
	return connection, nil
}

// stillAlive looks into the socket: an idle connection at which anything can be read has ended, or talks out of turn.
func (c *upstreamConn) stillAlive() bool {
	if clock.MonotonicNs()-c.idleFromNs > int64(upstreamIdleLimit) {
		return false
	}
	return c.raw.Control(c.look) == nil && c.alive
}

func (c *upstreamConn) abort() { abort(c.Conn) }

// abort closes the connection so that the peer cannot take it for an orderly end.
func abort(connection net.Conn) {
	if secured, ok := connection.(*tls.Conn); ok {
		connection = secured.NetConn()
	}
	if plain, ok := connection.(*net.TCPConn); ok {
		_ = plain.SetLinger(0)
	}
	connection.Close()
}

// timedOut tells a deadline that passed from other failures.
func timedOut(err error) bool {
	var failure net.Error
	return errors.As(err, &failure) && failure.Timeout()
}

// afterNow is a deadline.
func afterNow(limit time.Duration) time.Time { return time.Now().Add(limit) }
