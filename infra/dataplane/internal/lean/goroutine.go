package lean

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"meshmark/dataplane/internal/clock"
)

// goroutines serves each client connection by a goroutine of its own.
type goroutines struct {
	proxy     *proxy
	upstreams upstreams
	ctx       context.Context

	mutex   sync.Mutex
	clients map[*client]struct{}
	ended   bool
	serving sync.WaitGroup
}

func serveGoroutines(ctx context.Context, listener net.Listener, proxy *proxy) error {
	server := &goroutines{proxy: proxy, ctx: ctx, clients: map[*client]struct{}{}}
	server.upstreams.proxy = proxy
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	err := server.accept(listener)
	server.end()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (g *goroutines) accept(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err == nil {
			g.start(connection)
			continue
		}
		var passing interface{ Temporary() bool }
		if g.ctx.Err() != nil || !errors.As(err, &passing) || !passing.Temporary() {
			return fmt.Errorf("accept: %w", err)
		}
		// Out of file descriptors, or a connection reset before it was accepted: the next one may fare better.
		if g.proxy.report != nil {
			g.proxy.report("accept: " + err.Error())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (g *goroutines) start(connection net.Conn) {
	c := &client{exchange: exchange{proxy: g.proxy}, server: g, conn: connection}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.ended {
		connection.Close()
		return
	}
	g.clients[c] = struct{}{}
	g.serving.Go(func() {
		c.serve()
		g.mutex.Lock()
		delete(g.clients, c)
		g.mutex.Unlock()
	})
}

// end breaks off every connection and waits for their goroutines.
func (g *goroutines) end() {
	g.mutex.Lock()
	g.ended = true
	for c := range g.clients {
		abort(c.conn)
	}
	g.mutex.Unlock()
	g.upstreams.end()
	g.serving.Wait()
}

// client is a client connection that blocks.
type client struct {
	exchange
	server *goroutines
	conn   net.Conn
	// deadlineNs is when reading from the client ends, set again only when it has come closer than need be.
	deadlineNs int64
	headBegun  bool
}

func (c *client) serve() {
	defer c.conn.Close()
	if !c.greet() {
		return
	}
	for c.awaitRequest() && c.forward() {
	}
	c.rest()
}

// greet completes the handshake, if there is one, and notes who the client is.
func (c *client) greet() bool {
	if address, ok := c.conn.RemoteAddr().(*net.TCPAddr); ok {
		c.remoteIP = []byte(address.IP.String())
	}
	secured, ok := c.conn.(*tls.Conn)
	if !ok {
		return true
	}
	ctx, cancel := context.WithTimeout(c.server.ctx, headLimit)
	defer cancel()
	if secured.HandshakeContext(ctx) != nil {
		c.proxy.counters.HandshakesRefused.Add(1)
		return false
	}
	c.encrypted = true
	if c.proxy.options.ClientHandshake != nil {
		c.perRequest = c.proxy.options.ClientHandshake(secured.ConnectionState())
	}
	return true
}

// awaitRequest reads until there is a request, and answers what is none. It returns false when the connection is over.
func (c *client) awaitRequest() bool {
	for {
		found, err := c.next()
		if found {
			if c.headBegun {
				c.headBegun, c.deadlineNs = false, 0
			}
			return true
		}
		if err != nil {
			c.refuse(err)
			return false
		}
		c.armDeadline()
		count, err := c.conn.Read(c.inSpace())
		c.inFilled(count)
		if err != nil && count == 0 {
			return false
		}
	}
}

// armDeadline bounds the wait for a request, and more narrowly for the rest of one. Setting a deadline costs as much as
// parsing a head, so the one for idling is moved once a minute at most.
func (c *client) armDeadline() {
	begun := len(c.untaken()) > 0
	nowNs := clock.MonotonicNs()
	switch {
	case begun && !c.headBegun:
		c.deadlineNs = nowNs + int64(headLimit)
		_ = c.conn.SetReadDeadline(afterNow(headLimit))
	case !begun && (c.headBegun || c.deadlineNs < nowNs+int64(idleLimit-time.Minute)):
		c.deadlineNs = nowNs + int64(idleLimit)
		_ = c.conn.SetReadDeadline(afterNow(idleLimit))
	}
	c.headBegun = begun
}

// refuse answers a malformed request and closes the connection.
func (c *client) refuse(err error) {
	if _, err := c.conn.Write(c.refusal(refusedStatus(err), false)); err == nil {
		c.linger()
	}
}

// linger closes the client's connection in such a way that what was written last is read: bytes that come for a closed
// socket have the kernel reset the connection and throw away what the client has not read.
func (c *client) linger() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.conn.SetReadDeadline(afterNow(lingerLimit))
	for total := 0; total < lingerBytes; {
		c.taken = len(c.in)
		count, err := c.conn.Read(c.inSpace())
		if err != nil {
			return
		}
		total += count
	}
}
