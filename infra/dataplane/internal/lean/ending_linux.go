package lean

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

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
		s.deadlineNs.Store(s.limitNs)
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
