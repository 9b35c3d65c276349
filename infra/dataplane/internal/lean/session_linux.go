package lean

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
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
	// limitNs is the deadline that the duties set for the request, 0 for none.
	limitNs int64

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

// limitRequest sets the time that the duties give a request, and otherwise none.
func (s *session) limitRequest() {
	s.limitNs = 0
	if mesh := s.proxy.options.Duties; mesh != nil && !s.upgrading {
		s.limitNs = s.reactor.nowNs.Load() + int64(mesh.Timeout())
	}
	s.deadlineNs.Store(s.limitNs)
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
