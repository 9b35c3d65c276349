package loadgen

import (
	"context"
	"errors"
	"net"
	"time"
)

// h2Conn is what a connection needs to speak HTTP/2, one request at a time.
type h2Conn struct {
	sender   h2Sender
	receiver h2Receiver
}

func newH2Conn(c *conn, request *h2Request) *h2Conn {
	h := &h2Conn{}
	h.sender.request, h.sender.remainder, h.sender.writeNow = request, &c.remainder, c.writeNow
	h.receiver.source, h.receiver.sender = c.reader, &h.sender
	h.receiver.idle = func() bool { return c.expires.Load() == 0 }
	return h
}

// begin greets the server on a new connection; false where it takes no bytes.
func (h *h2Conn) begin(nc net.Conn) bool {
	h.receiver.begin()
	return h.sender.begin(nc)
}

// awaitSettings waits as long as for a connection.
func (c *conn) awaitSettings(ctx context.Context) error {
	_ = c.nc.SetReadDeadline(time.Now().Add(dialTimeout))
	defer context.AfterFunc(ctx, c.interrupt)()
	if err := c.h2.receiver.readSettings(); err != nil {
		return err
	}
	c.resume()
	return nil
}

// receiveH2 waits for one answer and reads it to its end. What the server says between answers is obeyed meanwhile.
func (c *conn) receiveH2() answer {
	receiver := &c.h2.receiver
	before := c.received - int64(c.reader.Buffered())
	head, err := receiver.readAnswer()
	result := answer{
		bytes: c.received - int64(c.reader.Buffered()) - before, close: receiver.exhausted(), residenceNs: -1,
	}
	switch {
	case err == nil:
		result.outcome = head.outcome(c.h2.sender.request.grpc)
		if head.receivedNs >= 0 && head.sentNs >= head.receivedNs {
			result.residenceNs = head.sentNs - head.receivedNs
		}
	case errors.Is(err, errStreamReset):
		result.outcome = failedReset
	case errors.Is(err, errBlamed):
		result.outcome = failedProtocol
	case errors.Is(err, errNoHTTP2):
		result.outcome, result.close = failedProtocol, true
	default:
		result.outcome, result.close = failedReset, true
	}
	return result
}

// outcome is what a whole answer says. One of gRPC that lacks its status is none.
func (h h2Head) outcome(grpc bool) outcome {
	switch {
	case !grpc && h.status < 400, grpc && h.status == 200 && h.grpcStatus == 0:
		return answered
	case grpc && h.status == 200 && h.grpcStatus < 0:
		return failedProtocol
	}
	return failedStatus
}

// idleH2IsSound obeys what the server said on a connection without a request in flight and reports whether the
// connection can be used again.
func (c *conn) idleH2IsSound() bool {
	receiver := &c.h2.receiver
	defer c.resume()
	for c.reader.Buffered() > 0 || !c.idleIsSilent() {
		_ = c.nc.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) // For the rest of a frame that has begun.
		if ended, err := receiver.readFrame(); ended || err != nil {
			return false
		}
	}
	return !receiver.exhausted() && receiver.head.blocks == 0
}
