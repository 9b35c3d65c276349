package lean

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// endpoint is one socket that is watched by epoll, edge-triggered: an event says that something has changed, and reading
// or writing until the kernel refuses is how one learns what. It belongs to one session at a time, or to none.
type endpoint struct {
	fd         int
	generation int32
	// events are what the poller has told and nobody has looked at.
	events  atomic.Uint32
	session atomic.Pointer[session]

	// readable and writable are guesses until tried; ended says that the peer will send no more; hung that the
	// connection is broken.
	readable, writable, ended, hung bool
	idleFromNs                      int64
}

// expired is an event of our own: the session's deadline may have passed, or its proxy ends.
const expired = 1 << 31

// look takes in what the poller has told. It returns the events.
func (e *endpoint) look() uint32 {
	if e.events.Load() == 0 {
		return 0
	}
	events := e.events.Swap(0)
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.readable = true
	}
	if events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.writable = true
	}
	e.ended = e.ended || events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
	// Not EPOLLHUP, which also tells that both sides have ended in good order.
	e.hung = e.hung || events&unix.EPOLLERR != 0
	return events
}

// read returns 0 and unix.EAGAIN when nothing is there, and 0 and 0 at the end. A read that fills less than the space
// has emptied the socket, and spares the one that would find it empty; unless the end is known to be behind it.
func (e *endpoint) read(space []byte) (count int, errno unix.Errno) {
	count, errno = readSocket(e.fd, space)
	if errno == unix.EAGAIN || (count > 0 && count < len(space) && !e.ended) {
		e.readable = false
	}
	return count, errno
}

// write returns how much the kernel took, and unix.EAGAIN when it was not all.
func (e *endpoint) write(bytes []byte) (count int, errno unix.Errno) {
	for count < len(bytes) {
		wrote, errno := writeSocket(e.fd, bytes[count:])
		count += wrote
		if errno != 0 {
			if errno == unix.EAGAIN {
				e.writable = false
			}
			return count, errno
		}
	}
	return count, 0
}

// endpoints finds an endpoint by its descriptor, without a lock.
type endpoints struct {
	// mutex guards changes; a slice that has become too short is replaced by a longer one.
	mutex sync.Mutex
	slots atomic.Pointer[[]atomic.Pointer[endpoint]]
}

func (t *endpoints) find(fd int32, generation int32) *endpoint {
	slots := t.slots.Load()
	if slots == nil || int(fd) >= len(*slots) {
		return nil
	}
	found := (*slots)[fd].Load()
	// An event may be of a socket that has been closed since, and whose number another one has.
	if found == nil || found.generation != generation {
		return nil
	}
	return found
}

func (t *endpoints) set(fd int, e *endpoint) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	slots := t.slots.Load()
	if slots == nil || fd >= len(*slots) {
		longer := make([]atomic.Pointer[endpoint], max(64, 2*(fd+1)))
		if slots != nil {
			for i := range *slots {
				longer[i].Store((*slots)[i].Load())
			}
		}
		slots = &longer
		t.slots.Store(slots)
	}
	(*slots)[fd].Store(e)
}

// each visits all that are there. Others may come and go meanwhile.
func (t *endpoints) each(visit func(*endpoint)) {
	slots := t.slots.Load()
	if slots == nil {
		return
	}
	for i := range *slots {
		if e := (*slots)[i].Load(); e != nil {
			visit(e)
		}
	}
}
