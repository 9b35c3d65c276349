package lean

import (
	"errors"
	"sync/atomic"

	"meshmark/dataplane/internal/clock"
	"meshmark/dataplane/internal/lean/message"
)

// exchange is the protocol's side of one client connection: requests and answers as bytes in memory, one request at a
// time. Who drives it does the reading and writing:
//
//	read into inSpace, say how much by inFilled, until next finds a request
//	write out to the upstream; then what takeUpload passes of the rest of the body
//	read from the upstream into answerSpace, say how much by answerFilled
//	write what pull returns to the client, until answered; finish
type exchange struct {
	proxy *proxy
	// desk is nil while the connection is idle and shares no memory.
	*desk
	upload message.Body
	// uploaded says that the whole body has been read; it is set by whoever reads it and asked while the answer comes.
	uploaded atomic.Bool
	// allInOut says that out is the whole request.
	allInOut bool

	toHead, http10, upgrading, clientKeeps, awaitsContinue bool
	methodSize, targetSize                                 int

	// answer holds the upstream's bytes; those in [answerStart, answerEnd) have not been looked at.
	answer                 []byte
	answerStart, answerEnd int
	download               message.Body
	// bodyWaits says that the body bytes in [bodyFrom, bodyTo) are still to be returned by pull.
	bodyWaits        bool
	bodyFrom, bodyTo int
	headDone, unzip  bool
	upstreamKeeps    bool
	upstreamDirty    bool
	answerStarted    bool
	status           int
	payload          int64

	// remoteIP, encrypted and perRequest are of the connection.
	remoteIP   []byte
	encrypted  bool
	perRequest func()

	startNs, sentNs, answeredNs int64
	route                       int
	dutiesFrom, dutiesTo        int
	// inWork is true from a request's head to its end.
	inWork bool
}

var (
	errUpstreamEarlyEnd = errors.New("closed the connection in the middle of an answer")
	errNoAnswer         = errors.New("closed the connection before an answer")
	errNotUpgraded      = errors.New("switched protocols unasked")
	errAnswerTooLarge   = errors.New("sent a head over 64 KiB")
)

// timed says whether anybody wants to know times.
func (x *exchange) timed() bool { return x.proxy.options.HopTimes || x.proxy.options.Duties != nil }

func (x *exchange) now() int64 {
	if !x.timed() {
		return 0
	}
	return clock.MonotonicNs()
}

// inSpace is where the client's next bytes go.
func (x *exchange) inSpace() []byte {
	switch {
	case x.desk == nil:
		x.desk = x.proxy.memory.desk()
	case x.taken == len(x.in):
		x.in, x.taken = x.in[:0], 0
	case len(x.in) == cap(x.in) && x.taken > 0:
		x.in, x.taken = x.in[:copy(x.in[:cap(x.in)], x.in[x.taken:])], 0
	case len(x.in) == cap(x.in):
		grown := make([]byte, len(x.in), min(2*cap(x.in), message.MaxHead+headBuffer))
		copy(grown, x.in)
		x.in = grown
	}
	return x.in[len(x.in):cap(x.in)]
}

func (x *exchange) inFilled(count int) { x.in = x.in[:len(x.in)+count] }

// untaken are the bytes that have come and not been used.
func (x *exchange) untaken() []byte {
	if x.desk == nil {
		return nil
	}
	return x.in[x.taken:]
}

// rest gives the desk back. No request must be in work, and no byte untaken.
func (x *exchange) rest() {
	if x.desk != nil {
		x.proxy.memory.putDesk(x.desk)
		x.desk = nil
	}
}

// keepInput has bytes read elsewhere used next.
func (x *exchange) keepInput(bytes []byte) {
	if x.taken == len(x.in) {
		x.in, x.taken = x.in[:0], 0
	}
	x.in = append(x.in, bytes...)
}

// next looks for a request among the bytes that have come. It returns false when more are needed, and a
// *message.Malformed for what is none.
func (x *exchange) next() (found bool, err error) {
	if len(x.untaken()) == 0 {
		return false, nil
	}
	size, err := x.request.ParseRequest(x.untaken())
	if size == 0 || err != nil {
		return false, err
	}
	x.begin()
	x.taken += size
	x.upload.Begin(x.request.Framing, x.request.Length)
	count, _, err := x.upload.Consume(x.untaken())
	if err != nil {
		x.status = 400
		x.finish()
		return false, err
	}
	x.out = append(x.out, x.untaken()[:count]...)
	x.taken += count
	x.allInOut = x.upload.Over()
	x.uploaded.Store(x.allInOut)
	return true, nil
}

// begin counts the request and writes its head anew.
func (x *exchange) begin() {
	proxy := x.proxy
	x.startNs = x.now()
	proxy.counters.Requests.Add(1)
	proxy.counters.RequestsHTTP1.Add(1)
	proxy.counters.RequestsLean.Add(1)
	if proxy.served != nil {
		proxy.served.Add(1)
	}
	if x.perRequest != nil {
		x.perRequest()
	}
	if proxy.options.BurnCPU != nil {
		proxy.options.BurnCPU()
	}
	x.headDone, x.answerStarted, x.upstreamDirty, x.bodyWaits, x.inWork = false, false, false, false, true
	x.status, x.payload, x.sentNs, x.answeredNs = 0, 0, 0, 0
	x.rewriteRequest()
}

// takeUpload says how many of the bytes, which follow those in out, belong to the request's body.
func (x *exchange) takeUpload(bytes []byte) (used int, err error) {
	used, _, err = x.upload.Consume(bytes)
	if err == nil && x.upload.Over() {
		x.uploaded.Store(true)
	}
	return used, err
}

// resendable says whether the whole request is in out and may be sent a second time.
func (x *exchange) resendable() bool {
	if !x.allInOut || x.upgrading {
		return false
	}
	switch string(x.method()) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

func (x *exchange) method() []byte { return x.out[:x.methodSize] }
func (x *exchange) target() []byte {
	return x.out[x.methodSize+1 : x.methodSize+1+x.targetSize]
}

// mayRetry asks the duties whether the request may be sent again to an upstream that was not reached.
func (x *exchange) mayRetry() bool {
	duties := x.proxy.options.Duties
	return duties != nil && x.resendable() &&
		duties.AllowRetry(x.method(), x.request.Framing != message.NoBody, x.now())
}

// sent notes the moment at which the upstream is given the request.
func (x *exchange) sent() {
	if x.sentNs == 0 {
		x.sentNs = x.now()
	}
}

// finish ends the exchange: the answer's last byte has been written, or never will be.
func (x *exchange) finish() {
	if !x.inWork {
		return
	}
	x.inWork = false
	proxy := x.proxy
	if x.answer != nil {
		proxy.memory.putBody(x.answer)
		x.answer = nil
	}
	if !x.timed() {
		return
	}
	nowNs := x.now()
	servedNs := nowNs - x.startNs
	if proxy.options.HopTimes && x.answeredNs > 0 {
		proxy.counters.TimedRequests.Add(1)
		proxy.counters.ServedNs.Add(servedNs)
		proxy.counters.UpstreamNs.Add(x.answeredNs - x.sentNs)
	}
	x.endDuties(servedNs)
}

// clientStays says whether the client's connection can take another request after this one.
func (x *exchange) clientStays() bool { return x.clientKeeps && x.uploaded.Load() }

// upstreamStays says whether the upstream's connection can.
func (x *exchange) upstreamStays() bool {
	return x.headDone && x.download.Over() && x.upstreamKeeps && !x.upstreamDirty && x.uploaded.Load() &&
		!x.proxy.fresh()
}
