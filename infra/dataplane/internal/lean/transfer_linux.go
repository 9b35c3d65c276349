package lean

import (
	"os"

	"golang.org/x/sys/unix"
)

// stepUp passes the request on, as far as the upstream takes it; more is read from the client only then.
func (s *session) stepUp() bool {
	switch {
	case s.broken:
		return false
	case s.outSent < len(s.out):
		if !s.upstream.writable {
			return false
		}
		s.sent()
		count, errno := s.upstream.write(s.out[s.outSent:])
		s.outSent += count
		return s.upWritten(errno)
	case s.chunkStart < s.chunkEnd:
		if !s.upstream.writable {
			return false
		}
		count, errno := s.upstream.write(s.chunk[s.chunkStart:s.chunkEnd])
		s.chunkStart += count
		return s.upWritten(errno)
	case s.uploaded.Load() || !s.client.readable:
		return false
	}
	if s.chunk == nil {
		s.chunk = s.proxy.memory.body()
	}
	count, errno := s.client.read(s.chunk)
	if errno == unix.EAGAIN {
		return false
	}
	used, err := 0, error(nil)
	if errno == 0 && count > 0 {
		used, err = s.takeUpload(s.chunk[:count])
	}
	if errno != 0 || count == 0 || err != nil {
		// The client ended in the middle of its request, or sent what is none.
		s.breakOff()
		return true
	}
	s.chunkStart, s.chunkEnd = 0, used
	s.keepInput(s.chunk[used:count])
	return true
}

// upWritten takes the result of a write to the upstream. A failure says nothing about an answer on the way: reading
// will tell.
func (s *session) upWritten(errno unix.Errno) bool {
	switch errno {
	case 0:
		return true
	case unix.EAGAIN:
		return false
	}
	s.broken = true
	s.upstream.readable = true
	return true
}

// stepDown passes the answer back, as far as the client takes it; more is read from the upstream only then.
func (s *session) stepDown() bool {
	if len(s.pending) > 0 {
		return s.flush() || s.phase == over
	}
	pending, err := s.pull()
	switch {
	case err != nil:
		s.upstreamFailed(err)
		return true
	case len(pending) > 0:
		s.pending = pending
		return true
	case s.answered():
		s.settle()
		return true
	case !s.upstream.readable:
		return false
	}
	space, err := s.answerSpace()
	if err != nil {
		s.upstreamFailed(err)
		return true
	}
	count, errno := s.upstream.read(space)
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno != 0:
		err = os.NewSyscallError("read", errno)
	case count > 0:
		s.answerFilled(count)
		return true
	default:
		err = s.upstreamEnded()
	}
	if err != nil {
		s.upstreamFailed(err)
	}
	return true
}

// settle decides what becomes of both connections after an exchange that went well.
func (s *session) settle() {
	if s.switched() {
		s.startTunnel()
		return
	}
	whole := s.uploaded.Load() && !s.broken && s.outSent == len(s.out) && s.chunkStart == s.chunkEnd
	if whole && s.upstreamStays() {
		s.reactor.putIdle(s.upstream)
	} else {
		s.reactor.drop(s.upstream)
	}
	s.upstream = nil
	s.endExchange()
	switch {
	case s.clientStays():
		s.startReading()
	case !s.uploaded.Load() || len(s.untaken()) > 0 || s.client.readable:
		s.linger()
	default:
		s.end()
	}
}

// startTunnel hands the connections over to another protocol.
func (s *session) startTunnel() {
	s.endExchange()
	s.phase = tunnelling
	s.deadlineNs.Store(0)
	s.upOver, s.downOver = false, false
	// What the client has sent already goes first.
	s.out = append(s.out[:0], s.untaken()...)
	s.outSent, s.taken = 0, len(s.in)
	s.chunk, s.answer = s.proxy.memory.body(), s.proxy.memory.body()
}

func (s *session) tunnelUp() bool {
	switch {
	case s.outSent < len(s.out):
		if !s.upstream.writable {
			return false
		}
		count, errno := s.upstream.write(s.out[s.outSent:])
		s.outSent += count
		return s.tunnelWritten(errno)
	case s.chunkStart < s.chunkEnd:
		if !s.upstream.writable {
			return false
		}
		count, errno := s.upstream.write(s.chunk[s.chunkStart:s.chunkEnd])
		s.chunkStart += count
		return s.tunnelWritten(errno)
	case s.upOver || !s.client.readable:
		return false
	}
	count, errno := s.client.read(s.chunk)
	if errno != 0 {
		return s.tunnelWritten(errno)
	}
	s.chunkStart, s.chunkEnd = 0, count
	if count == 0 {
		s.upOver = true
		_ = unix.Shutdown(s.upstream.fd, unix.SHUT_WR)
		s.endTunnel()
	}
	return true
}

func (s *session) tunnelDown() bool {
	if len(s.pending) > 0 {
		return s.flush() || s.phase == over
	}
	if s.downOver || !s.upstream.readable {
		return false
	}
	count, errno := s.upstream.read(s.answer)
	if errno != 0 {
		return s.tunnelWritten(errno)
	}
	s.pending = s.answer[:count]
	if count == 0 {
		s.downOver = true
		_ = unix.Shutdown(s.client.fd, unix.SHUT_WR)
		s.endTunnel()
	}
	return true
}

// tunnelWritten takes the result of a system call. After a failure neither direction can be completed.
func (s *session) tunnelWritten(errno unix.Errno) bool {
	switch errno {
	case 0:
		return true
	case unix.EAGAIN:
		return false
	}
	s.breakOff()
	return true
}

// endTunnel closes both connections once both have ended.
func (s *session) endTunnel() {
	if !s.upOver || !s.downOver {
		return
	}
	s.reactor.drop(s.upstream)
	s.upstream = nil
	s.end()
}
