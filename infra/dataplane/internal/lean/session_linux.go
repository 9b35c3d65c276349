package lean

import (
	"errors"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/lean/message"
)

// session is a client connection that never blocks: run does what can be done, and is called again when something has
// happened. One goroutine runs it at a time.
type session struct {
	exchange
	reactor  *reactor
	client   endpoint
	upstream *endpoint
	phase    phase
	// reused says that the upstream connection has served before, retried that this request has been sent twice.
	reused, retried bool
	// broken says that the upstream takes no more of the request; its answer may be on the way.
	broken  bool
	outSent int
	// chunk holds a piece of the request's body, of which [chunkStart, chunkEnd) has to be sent on.
	chunk                []byte
	chunkStart, chunkEnd int
	// pending is what has to be written to the client.
	pending []byte
	// clientStaysAfterReply is whether another request is awaited after an answer of our own.
	clientStaysAfterReply bool
	attempts              int
	lingered              int
	upOver, downOver      bool
	deadlineNs            atomic.Int64

	// state, wake and following are for who runs it.
	state     atomic.Int32
	wake      chan struct{}
	following *session
	// queued says that it waits for its turn.
	queued bool
}

type phase uint8

const (
	// reading a request
	reading phase = iota
	// connecting to the upstream
	connecting
	// exchanging a request and an answer
	exchanging
	// replying with an answer of our own
	replying
	// pausing before the upstream is tried again
	pausing
	// tunnelling another protocol
	tunnelling
	// lingering until the client has read what it was sent
	lingering
	over
)

// verdict is what run leaves a session in.
type verdict uint8

const (
	// resting: no request is in work, and no memory held unless a part of one has come.
	resting verdict = iota
	// waiting: something has to happen for a request to go on.
	waiting
	// busy: more could be done at once, but it is others' turn.
	busy
	// finished: the connection is closed, and the session must not be touched.
	finished
)

// fairTurns bounds what run does for one session, whose sockets may always be ready, while others wait: about 1 MiB.
const fairTurns = 64

func (s *session) setDeadline(limit time.Duration) {
	s.deadlineNs.Store(s.reactor.nowNs.Load() + int64(limit))
}

// happened says whether the poller has told something that run has not looked at.
func (s *session) happened() bool {
	return s.client.events.Load() != 0 || (s.upstream != nil && s.upstream.events.Load() != 0)
}

func (s *session) run() verdict {
	if s.client.look()&expired != 0 {
		s.checkTime()
	}
	if s.upstream != nil {
		s.upstream.look()
	}
	if s.client.hung && s.phase != reading && s.phase != over {
		// Nobody is there to be answered.
		s.breakOff()
	}
	turns := 0
	for s.step() {
		if turns++; turns == fairTurns {
			return busy
		}
	}
	switch {
	case s.phase == over:
		return finished
	case s.phase == reading || s.phase == lingering:
		if s.phase == reading && len(s.untaken()) == 0 {
			s.rest()
		}
		return resting
	}
	return waiting
}

// step returns whether anything was done that may allow more.
func (s *session) step() bool {
	switch s.phase {
	case reading:
		return s.stepRead()
	case connecting:
		return s.stepConnect()
	case exchanging:
		// Both directions get their turn, whatever the other one did.
		up := s.stepUp()
		return s.phase != exchanging || s.stepDown() || up
	case replying:
		return s.stepReply()
	case tunnelling:
		up := s.tunnelUp()
		return s.phase == tunnelling && (s.tunnelDown() || up)
	case lingering:
		return s.stepLinger()
	}
	return false
}

func (s *session) stepRead() bool {
	found, err := s.next()
	switch {
	case err != nil:
		s.reply(refusedStatus(err), false)
		return true
	case found:
		s.reused, s.retried, s.broken, s.attempts, s.outSent = false, false, false, 0, 0
		s.limitRequest()
		s.attach(false)
		return true
	case !s.client.readable:
		return false
	}
	before := len(s.untaken())
	count, errno := s.client.read(s.inSpace())
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno != 0 || count == 0:
		s.end()
		return true
	}
	s.inFilled(count)
	if before == 0 {
		s.setDeadline(headLimit)
	}
	return true
}

func refusedStatus(err error) int {
	var malformed *message.Malformed
	if errors.As(err, &malformed) {
		return malformed.Status
	}
	return 400
}

// limitRequest sets the time that the duties give a request, and otherwise none.
func (s *session) limitRequest() {
	if mesh := s.proxy.options.Duties; mesh != nil && !s.upgrading {
		s.setDeadline(mesh.Timeout())
		return
	}
	s.deadlineNs.Store(0)
}

// attach finds a connection for the request.
func (s *session) attach(fresh bool) {
	s.reused = false
	if !fresh && !s.proxy.fresh() {
		if e := s.reactor.takeIdle(); e != nil {
			s.upstream, s.reused, s.phase = e, true, exchanging
			e.session.Store(s)
			// What happened between looking at it and making it ours has been told to nobody.
			e.look()
			return
		}
	}
	e, err := s.reactor.dial(s)
	if err != nil {
		s.upstreamFailed(err)
		return
	}
	s.upstream, s.phase = e, connecting
	if s.proxy.options.Duties == nil {
		s.setDeadline(dialLimit)
	}
}

func (s *session) stepConnect() bool {
	if !s.upstream.writable {
		return false
	}
	if err := connectResult(s.upstream.fd); err != nil {
		s.upstreamFailed(err)
		return true
	}
	s.phase = exchanging
	if s.proxy.options.Duties == nil {
		s.deadlineNs.Store(0)
	}
	return true
}

// checkTime ends what has taken too long.
func (s *session) checkTime() {
	if s.reactor.ending.Load() {
		s.breakOff()
		return
	}
	deadlineNs := s.deadlineNs.Load()
	if deadlineNs == 0 || deadlineNs > s.reactor.nowNs.Load() {
		return
	}
	switch s.phase {
	case reading, lingering:
		s.end()
	case pausing:
		s.limitRequest()
		s.attach(true)
	case replying:
		s.breakOff()
	default:
		s.upstreamFailed(os.ErrDeadlineExceeded)
	}
}

// upstreamFailed answers the client in the upstream's place, if that is still possible, or tries again where that is
// safe.
func (s *session) upstreamFailed(err error) {
	s.dropUpstream()
	late := timedOut(err)
	switch {
	case s.headDone || len(s.pending) > 0:
		// The client has been given a part of an answer, which it must not take for the whole.
		s.proxy.reportUpstream(err)
		s.breakOff()
	case s.reused && !s.retried && !s.answerStarted && !late && s.resendable():
		s.retried = true
		s.resend()
		s.attach(true)
	case s.attempts < len(retryWaits) && !s.answerStarted && !late && s.mayRetry():
		s.resend()
		s.phase = pausing
		s.pause(retryWaits[s.attempts])
		s.attempts++
	default:
		s.proxy.reportUpstream(err)
		status := 502
		if late && s.proxy.options.Duties != nil {
			status = 504
		}
		s.reply(status, s.clientStays())
	}
}

func (s *session) resend() { s.outSent, s.broken, s.pending = 0, false, nil }

// pause has the session run again after the wait; the sweep is too coarse for that.
func (s *session) pause(wait time.Duration) {
	s.deadlineNs.Store(s.reactor.nowNs.Load())
	time.AfterFunc(wait, func() { s.reactor.wakeUp(s) })
}

// reply begins an answer of our own.
func (s *session) reply(status int, stays bool) {
	s.dropUpstream()
	s.pending = s.refusal(status, stays)
	s.clientStaysAfterReply = stays
	s.phase = replying
	s.setDeadline(headLimit)
}

func (s *session) stepReply() bool {
	if !s.flush() {
		return false
	}
	s.pending = nil
	s.endExchange()
	if s.clientStaysAfterReply {
		s.startReading()
	} else {
		s.linger()
	}
	return true
}

// flush writes what is pending. It returns true when that is done, and false when the client does not take it now or
// any more.
func (s *session) flush() bool {
	if len(s.pending) == 0 {
		return true
	}
	if !s.client.writable {
		return false
	}
	count, errno := s.client.write(s.pending)
	s.pending = s.pending[count:]
	if errno != 0 && errno != unix.EAGAIN {
		s.breakOff()
		return false
	}
	return errno == 0
}

func (s *session) startReading() {
	s.phase = reading
	s.setDeadline(idleLimit)
}

// linger closes the connection in such a way that what was written last is read (see client.linger).
func (s *session) linger() {
	_ = unix.Shutdown(s.client.fd, unix.SHUT_WR)
	s.phase, s.lingered = lingering, 0
	s.setDeadline(lingerLimit)
}

func (s *session) stepLinger() bool {
	if !s.client.readable {
		return false
	}
	s.taken = len(s.in)
	count, errno := s.client.read(s.inSpace())
	s.lingered += count
	if errno == unix.EAGAIN {
		return false
	}
	if errno != 0 || count == 0 || s.lingered > lingerBytes {
		s.end()
	}
	return true
}

// endExchange gives back what an exchange has taken.
func (s *session) endExchange() {
	if s.chunk != nil {
		s.proxy.memory.putBody(s.chunk)
		s.chunk = nil
	}
	s.chunkStart, s.chunkEnd = 0, 0
	s.pending = nil
	s.finish()
}

func (s *session) dropUpstream() {
	if s.upstream != nil {
		resetOnClose(s.upstream.fd)
		s.reactor.drop(s.upstream)
		s.upstream = nil
	}
}

// breakOff ends the session so that neither side takes anything for complete.
func (s *session) breakOff() {
	if s.phase != over {
		resetOnClose(s.client.fd)
		s.end()
	}
}

// end closes the connection.
func (s *session) end() {
	s.phase = over
	s.dropUpstream()
	s.endExchange()
	s.rest()
	s.reactor.drop(&s.client)
	s.reactor.open.Done()
}
