package lean

import (
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/clock"
)

const (
	// batch is how many events are taken from the kernel at once.
	batch = 256
	// sweepEvery is how late a deadline may be noticed.
	sweepEvery = time.Second
	watched    = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff
)

// reactor is an epoll set with the sessions whose sockets are in it, and the upstream connections they share.
type reactor struct {
	proxy      *proxy
	epoll      int
	endpoints  endpoints
	generation atomic.Int32
	// nowNs is the time at which events were last taken: exact enough for deadlines.
	nowNs    atomic.Int64
	ending   atomic.Bool
	upstream unix.Sockaddr
	idleMost int
	// notify has a session run that something has happened to.
	notify func(*session)
	// wakeUp is notify for any goroutine to call.
	wakeUp func(*session)

	mutex sync.Mutex
	idle  []*endpoint
	// open counts sessions.
	open sync.WaitGroup
}

func newReactor(proxy *proxy, upstream unix.Sockaddr, idleMost int) (*reactor, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	r := &reactor{proxy: proxy, epoll: epoll, upstream: upstream, idleMost: idleMost}
	r.tick()
	return r, nil
}

// watch adds an endpoint to the set, once and for all events, so that nothing has to be told to the kernel again.
func (r *reactor) watch(e *endpoint) error {
	e.generation = r.generation.Add(1)
	r.endpoints.set(e.fd, e)
	event := unix.EpollEvent{Events: watched, Fd: int32(e.fd), Pad: e.generation}
	if err := unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, e.fd, &event); err != nil {
		r.endpoints.set(e.fd, nil)
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}

// drop closes the socket, which takes it out of the set.
func (r *reactor) drop(e *endpoint) {
	r.endpoints.set(e.fd, nil)
	unix.Close(e.fd)
}

// told passes an event on to whom it concerns.
func (r *reactor) told(event *unix.EpollEvent) {
	e := r.endpoints.find(event.Fd, event.Pad)
	if e == nil {
		return
	}
	e.events.Or(event.Events)
	if s := e.session.Load(); s != nil {
		r.notify(s)
	} else if event.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		r.dropEnded(e)
	}
}

// dropEnded closes an idle connection that the upstream has ended. One that is no longer idle is somebody's to close.
func (r *reactor) dropEnded(e *endpoint) {
	r.mutex.Lock()
	at := slices.Index(r.idle, e)
	if at >= 0 {
		r.idle = slices.Delete(r.idle, at, at+1)
	}
	r.mutex.Unlock()
	if at >= 0 {
		r.drop(e)
	}
}

// sweep has the sessions look at the time whose deadline has passed.
func (r *reactor) sweep() {
	nowNs := r.tick()
	r.endpoints.each(func(e *endpoint) {
		s := e.session.Load()
		if s == nil || e != &s.client {
			return
		}
		if deadlineNs := s.deadlineNs.Load(); r.ending.Load() || (deadlineNs != 0 && deadlineNs <= nowNs) {
			e.events.Or(expired)
			r.notify(s)
		}
	})
}

// accept takes the next connection from the listening socket; nil when there is none now.
func (r *reactor) accept(listening int) *session {
	for {
		fd, address, err := unix.Accept4(listening, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			r.proxy.counters.ConnectionsAccepted.Add(1)
			if r.proxy.options.Accepted != nil {
				r.proxy.options.Accepted(fd)
			}
			s := &session{exchange: exchange{proxy: r.proxy}}
			s.client.fd = fd
			s.client.writable = true
			if r.proxy.options.Duties != nil {
				s.remoteIP = peerIP(address)
			}
			return s
		case unix.EAGAIN:
			return nil
		case unix.EINTR, unix.ECONNABORTED:
			continue
		}
		// Out of file descriptors, most likely: the next one may fare better.
		if r.proxy.report != nil {
			r.proxy.report("accept: " + err.Error())
		}
		time.Sleep(5 * time.Millisecond)
		return nil
	}
}

// adopt begins to serve a session.
func (r *reactor) adopt(s *session) {
	s.reactor = r
	s.client.session.Store(s)
	s.setDeadline(idleLimit)
	r.open.Add(1)
	if err := r.watch(&s.client); err != nil {
		unix.Close(s.client.fd)
		r.open.Done()
		if r.proxy.report != nil {
			r.proxy.report("accept: " + err.Error())
		}
	}
}

// takeIdle returns the upstream connection that was used last, or nil.
func (r *reactor) takeIdle() *endpoint {
	for {
		r.mutex.Lock()
		last := len(r.idle) - 1
		if last < 0 {
			r.mutex.Unlock()
			return nil
		}
		e := r.idle[last]
		r.idle[last] = nil
		r.idle = r.idle[:last]
		r.mutex.Unlock()
		if r.stillAlive(e) {
			return e
		}
		r.drop(e)
	}
}

// stillAlive trusts the poller that nothing has happened, and looks into the socket if something has.
func (r *reactor) stillAlive(e *endpoint) bool {
	if r.nowNs.Load()-e.idleFromNs > int64(upstreamIdleLimit) {
		return false
	}
	e.look()
	if !e.readable {
		return true
	}
	e.readable = false
	return !e.ended && standsIdle(e.fd, false)
}

// putIdle keeps an upstream connection, unless there are enough or it has ended.
func (r *reactor) putIdle(e *endpoint) {
	e.idleFromNs = r.nowNs.Load()
	e.look()
	r.mutex.Lock()
	keep := !e.ended && !r.ending.Load() && len(r.idle) < r.idleMost
	if keep {
		r.idle = append(r.idle, e)
		e.session.Store(nil)
	}
	r.mutex.Unlock()
	switch {
	case !keep:
		r.drop(e)
	case e.events.Load()&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0:
		// It ended just now, and the poller told the session, which is no longer concerned.
		r.dropEnded(e)
	}
}

// dial begins to connect for a session.
func (r *reactor) dial(s *session) (*endpoint, error) {
	r.proxy.counters.UpstreamDials.Add(1)
	fd, err := startConnect(r.upstream)
	if err != nil {
		return nil, err
	}
	e := &endpoint{fd: fd}
	e.session.Store(s)
	if err := r.watch(e); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return e, nil
}

// dropIdle closes the idle connections, once the proxy ends.
func (r *reactor) dropIdle() {
	for e := r.takeIdle(); e != nil; e = r.takeIdle() {
		r.drop(e)
	}
}

// close ends the idle connections and the set. The sessions must have ended.
func (r *reactor) close() {
	r.ending.Store(true)
	r.dropIdle()
	unix.Close(r.epoll)
}

// tick notes and returns the time.
func (r *reactor) tick() (nowNs int64) {
	nowNs = clock.MonotonicNs()
	r.nowNs.Store(nowNs)
	return nowNs
}

// waitEvents blocks for at most so many milliseconds.
func (r *reactor) waitEvents(events []unix.EpollEvent, limitMs int) (int, error) {
	count, err := unix.EpollWait(r.epoll, events, limitMs)
	if err != nil && err != unix.EINTR {
		return 0, os.NewSyscallError("epoll_wait", err)
	}
	return max(count, 0), nil
}
