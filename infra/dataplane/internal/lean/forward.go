package lean

import (
	"errors"
	"io"
	"net"
	"time"
)

// errClient marks failures of the client's side, which are nobody's fault to report.
var errClient = errors.New("the client went away")

// forward sends the request to the upstream and its answer to the client. It returns false when the client's connection
// is over.
func (c *client) forward() (again bool) {
	defer c.finish()
	for attempt := 0; ; attempt++ {
		upstream, err := c.send()
		if err == nil {
			err = c.relay(upstream)
			if err == nil {
				return c.settle(upstream)
			}
			upstream.abort()
		}
		switch {
		case errors.Is(err, errClient) || c.server.ctx.Err() != nil:
			abort(c.conn)
			return false
		case c.headDone:
			// The client has been given a part of an answer, which it must not take for the whole.
			c.proxy.reportUpstream(err)
			abort(c.conn)
			return false
		case attempt < len(retryWaits) && !timedOut(err) && !c.answerStarted && c.mayRetry():
			time.Sleep(retryWaits[attempt])
			continue
		}
		c.proxy.reportUpstream(err)
		return c.answerFailure(err)
	}
}

// retryWaits are the pauses before retries that the duties allow, the same as of the other implementation.
var retryWaits = [...]time.Duration{5 * time.Millisecond, 25 * time.Millisecond}

// answerFailure tells the client that the upstream failed.
func (c *client) answerFailure(err error) (again bool) {
	status := 502
	if timedOut(err) && c.proxy.options.Duties != nil {
		status = 504
	}
	again = c.clientStays()
	if _, err := c.conn.Write(c.refusal(status, again)); err != nil {
		return false
	}
	if !again {
		c.linger()
	}
	return again
}

// send gets a connection and writes the request on it. A connection used before may have ended meanwhile, which shows
// in writing or in the answer never beginning: a request that can be sent twice then goes over a new one.
func (c *client) send() (*upstreamConn, error) {
	upstream, reused, err := c.server.upstreams.get(c.server.ctx, false)
	if err != nil {
		return nil, err
	}
	err = c.write(upstream)
	if err == nil && reused && c.resendable() {
		err = c.readAnswer(upstream)
	}
	if err == nil {
		return upstream, nil
	}
	upstream.abort()
	if !reused || !c.resendable() || c.answerStarted || timedOut(err) {
		return nil, err
	}
	if upstream, _, err = c.server.upstreams.get(c.server.ctx, true); err != nil {
		return nil, err
	}
	if err = c.write(upstream); err != nil {
		upstream.abort()
		return nil, err
	}
	return upstream, nil
}

func (c *client) write(upstream *upstreamConn) error {
	if mesh := c.proxy.options.Duties; mesh != nil {
		var deadline time.Time
		if !c.upgrading {
			deadline = afterNow(mesh.Timeout() - time.Duration(c.now()-c.startNs))
		}
		_ = upstream.SetDeadline(deadline)
	}
	c.sent()
	_, err := upstream.Write(c.out)
	return err
}

// readAnswer reads once.
func (c *client) readAnswer(upstream *upstreamConn) error {
	space, err := c.answerSpace()
	if err != nil {
		return err
	}
	count, err := upstream.Read(space)
	if count > 0 {
		c.answerFilled(count)
		return nil
	}
	if err == io.EOF {
		return c.upstreamEnded()
	}
	return err
}

// relay passes the rest of the request's body on, if there is any, and the answer back.
func (c *client) relay(upstream *upstreamConn) error {
	if upstream.perRequest != nil {
		upstream.perRequest()
	}
	if c.uploaded.Load() {
		return c.relayAnswer(upstream)
	}
	_ = c.conn.SetReadDeadline(time.Time{})
	c.deadlineNs = 0
	done := make(chan error, 1)
	go func() { done <- c.relayUpload(upstream) }()
	err := c.relayAnswer(upstream)
	if !c.uploaded.Load() {
		// Nobody needs the rest: have the other goroutine stop waiting for it. It may have come to the end by itself
		// just now, but neither connection can be used after this.
		c.clientKeeps, c.upstreamKeeps = false, false
		_ = c.conn.SetReadDeadline(time.Unix(1, 0))
		_ = upstream.SetWriteDeadline(time.Unix(1, 0))
	}
	if uploadErr := <-done; errors.Is(uploadErr, errClient) && err != nil {
		return uploadErr
	}
	return err
}

// relayUpload copies the rest of the request's body. A failure of the client's ends the exchange; one of the upstream's
// does not, for its answer may be on the way.
func (c *client) relayUpload(upstream *upstreamConn) error {
	buffer := c.proxy.memory.body()
	defer c.proxy.memory.putBody(buffer)
	for {
		count, err := c.conn.Read(buffer)
		if count > 0 {
			used, invalid := c.takeUpload(buffer[:count])
			if invalid != nil {
				upstream.abort()
				return errClient
			}
			if _, err := upstream.Write(buffer[:used]); err != nil {
				return err
			}
			if c.upload.Over() {
				c.keepInput(buffer[used:count])
				return nil
			}
		}
		if err != nil {
			if !timedOut(err) {
				upstream.abort()
			}
			return errClient
		}
	}
}

// relayAnswer writes to the client what the upstream answers.
func (c *client) relayAnswer(upstream *upstreamConn) error {
	for {
		for {
			pending, err := c.pull()
			if err != nil {
				return err
			}
			if len(pending) == 0 {
				break
			}
			if _, err := c.conn.Write(pending); err != nil {
				return errClient
			}
		}
		if c.answered() {
			return nil
		}
		if err := c.readAnswer(upstream); err != nil {
			return err
		}
	}
}

// settle decides what becomes of both connections after an exchange that went well.
func (c *client) settle(upstream *upstreamConn) (again bool) {
	if c.switched() {
		c.finish()
		c.tunnel(upstream)
		return false
	}
	if c.upstreamStays() {
		c.server.upstreams.put(upstream)
	} else {
		upstream.Close()
	}
	if c.clientStays() {
		return true
	}
	if !c.uploaded.Load() || len(c.untaken()) > 0 {
		c.linger()
	}
	return false
}

// tunnel copies bytes both ways until both have ended.
func (c *client) tunnel(upstream *upstreamConn) {
	defer upstream.Close()
	_ = c.conn.SetReadDeadline(time.Time{})
	if rest := c.untaken(); len(rest) > 0 {
		if _, err := upstream.Write(rest); err != nil {
			return
		}
		c.taken = len(c.in)
	}
	up := make(chan struct{})
	go func() {
		defer close(up)
		c.copyBytes(upstream.Conn, c.conn)
	}()
	c.copyBytes(c.conn, upstream.Conn)
	<-up
}

// copyBytes passes the source's end on. After a failure neither direction can be completed.
func (c *client) copyBytes(destination, source net.Conn) {
	buffer := c.proxy.memory.body()
	defer c.proxy.memory.putBody(buffer)
	for {
		count, err := source.Read(buffer)
		if count > 0 {
			if _, writeErr := destination.Write(buffer[:count]); writeErr != nil {
				err = writeErr
			}
		}
		if err == nil {
			continue
		}
		half, ok := destination.(interface{ CloseWrite() error })
		if err != io.EOF || !ok || half.CloseWrite() != nil {
			abort(destination)
			abort(source)
		}
		return
	}
}
