package lean

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// loop is one event loop: a reactor whose goroutine waits for events and runs the sessions itself.
type loop struct {
	*reactor
	// listening is the listening socket, -1 in all loops but the first.
	listening int
	// bell is an eventfd that is rung when something was posted.
	bell int
	all  []*loop
	turn int
	// again are the sessions that have more to do.
	again []*session

	mutex    sync.Mutex
	posted   []*session
	released bool
}

func serveLoops(ctx context.Context, listener net.Listener, proxy *proxy) error {
	upstream, err := socketAddress(proxy.options.Upstream)
	if err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	listening, err := listeningSocket(listener)
	if err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	defer unix.Close(listening)
	count := proxy.options.Loops
	if count < 1 {
		count = runtime.GOMAXPROCS(0)
	}
	loops := make([]*loop, count)
	idleMost := (proxy.options.IdleUpstreamConnections + count - 1) / count
	for i := range loops {
		if loops[i], err = newLoop(proxy, upstream, idleMost); err != nil {
			return fmt.Errorf("lean: %w", err)
		}
		defer loops[i].release()
		loops[i].all = loops
	}
	if err := loops[0].listen(listening); err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	stop := context.AfterFunc(ctx, func() {
		for _, l := range loops {
			l.ending.Store(true)
			l.ring()
		}
	})
	defer stop()
	ended := make(chan error, count)
	for _, l := range loops {
		go func() { ended <- l.run() }()
	}
	for range loops {
		if failed := <-ended; failed != nil && err == nil {
			// One loop has failed: have the others end too.
			err = fmt.Errorf("lean: %w", failed)
			for _, l := range loops {
				l.ending.Store(true)
				l.ring()
			}
		}
	}
	return err
}

func newLoop(proxy *proxy, upstream unix.Sockaddr, idleMost int) (*loop, error) {
	reactor, err := newReactor(proxy, upstream, idleMost)
	if err != nil {
		return nil, err
	}
	l := &loop{reactor: reactor, listening: -1, bell: -1}
	reactor.notify = l.runSession
	reactor.wakeUp = l.post
	if l.bell, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		l.release()
		return nil, os.NewSyscallError("eventfd", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(l.bell)}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.bell, &event); err != nil {
		l.release()
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return l, nil
}

// listen has this loop accept for all, level-triggered.
func (l *loop) listen(listening int) error {
	l.listening = listening
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(listening)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, listening, &event))
}

// release closes what the loop has, when it no longer runs. What is posted later is ignored.
func (l *loop) release() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.released = true
	for _, s := range l.posted {
		if s.client.generation == 0 {
			unix.Close(s.client.fd)
		}
	}
	l.posted = nil
	l.close()
	if l.bell >= 0 {
		unix.Close(l.bell)
	}
}

// run serves until the proxy ends, and closes every connection.
func (l *loop) run() error {
	// The goroutine is nearly always in this loop or in the kernel: a thread of its own spares it moving.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var events [batch]unix.EpollEvent
	nextSweepNs := l.tick() + int64(sweepEvery)
	for !l.ending.Load() {
		limit := sweepEvery
		if len(l.again) > 0 {
			limit = 0
		}
		count, err := l.waitEvents(events[:], int(limit/time.Millisecond))
		if err != nil {
			l.ending.Store(true)
			l.sweep()
			return err
		}
		nowNs := l.tick()
		again := l.again
		l.again = nil
		for i := range events[:count] {
			l.handle(&events[i])
		}
		for _, s := range again {
			s.queued = false
			l.runSession(s)
		}
		if nowNs >= nextSweepNs {
			l.sweep()
			nextSweepNs = nowNs + int64(sweepEvery)
		}
	}
	l.takePosted()
	l.sweep()
	return nil
}

func (l *loop) handle(event *unix.EpollEvent) {
	switch int(event.Fd) {
	case l.listening:
		l.acceptAll()
	case l.bell:
		var rung [8]byte
		_, _ = unix.Read(l.bell, rung[:])
		l.takePosted()
	default:
		l.told(event)
	}
}

func (l *loop) runSession(s *session) {
	if s.run() == busy && !s.queued {
		s.queued = true
		l.again = append(l.again, s)
	}
}

// acceptAll deals the connections that wait out to the loops, one after another.
func (l *loop) acceptAll() {
	for s := l.accept(l.listening); s != nil; s = l.accept(l.listening) {
		target := l.all[l.turn%len(l.all)]
		l.turn++
		s.reactor = target.reactor
		if target == l {
			l.adopt(s)
		} else {
			target.post(s)
		}
	}
}

// post has the loop take care of a session: a new one, or one that something has happened to outside.
func (l *loop) post(s *session) {
	l.mutex.Lock()
	released := l.released
	if !released {
		l.posted = append(l.posted, s)
	} else if s.client.generation == 0 {
		unix.Close(s.client.fd)
	}
	l.mutex.Unlock()
	l.ring()
}

func (l *loop) ring() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.released {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(l.bell, one[:])
}

func (l *loop) takePosted() {
	l.mutex.Lock()
	posted := l.posted
	l.posted = nil
	l.mutex.Unlock()
	for _, s := range posted {
		if s.client.generation == 0 {
			l.adopt(s)
			continue
		}
		s.client.events.Or(expired)
		l.runSession(s)
	}
}
