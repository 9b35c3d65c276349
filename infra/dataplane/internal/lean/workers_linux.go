package lean

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/panjf2000/ants/v2"
	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/admin"
)

// The states of a session that workers serve.
const (
	// parked: no worker has it.
	parked int32 = iota
	// running: a worker has it.
	running
	// asleep: a worker has it, and waits for something to happen to it.
	asleep
)

// workers serves sessions by a bounded number of goroutines. One more waits for events; it lets Go's own poller watch
// the epoll set, so that it holds no thread while it waits.
type workers struct {
	*reactor
	pool      *ants.PoolWithFuncGeneric[*session]
	listening int
	set       *os.File
	bound     int

	mutex sync.Mutex
	busy  int
	// first and last are the sessions for which there is no worker now, in the order in which they became ready.
	first, last *session
}

func serveWorkers(ctx context.Context, listener net.Listener, proxy *proxy) error {
	upstream, err := socketAddress(proxy.options.Upstream)
	if err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	listening, err := listeningSocket(listener)
	if err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	defer unix.Close(listening)
	reactor, err := newReactor(proxy, upstream, proxy.options.IdleUpstreamConnections)
	if err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	w := &workers{reactor: reactor, listening: listening, bound: proxy.options.Workers}
	reactor.notify, reactor.wakeUp = w.wakeSession, w.wakeExpired
	if err := w.open(); err != nil {
		reactor.close()
		return fmt.Errorf("lean: %w", err)
	}
	proxy.counters.WorkersBound.Store(int64(w.bound))
	stop := context.AfterFunc(ctx, func() { _ = w.set.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	sweeping, stopSweeping := context.WithCancel(ctx)
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		w.sweepRegularly(sweeping)
	}()
	err = w.poll(ctx)
	stopSweeping()
	<-swept
	w.end()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("lean: %w", err)
}

// open starts the pool, and has Go's poller watch the epoll set.
func (w *workers) open() error {
	var err error
	if err = unix.SetNonblock(w.epoll, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(w.listening)}
	if err = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, w.listening, &event); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	w.pool, err = ants.NewPoolWithFuncGeneric(w.bound, w.work, ants.WithPanicHandler(func(what any) { panic(what) }))
	if err != nil {
		return fmt.Errorf("start the workers: %w", err)
	}
	w.set = os.NewFile(uintptr(w.epoll), "epoll")
	if err := w.set.SetReadDeadline(time.Time{}); err != nil {
		w.pool.Release()
		return fmt.Errorf("have the epoll set watched: %w", err)
	}
	return nil
}

// poll hands out events until the proxy ends.
func (w *workers) poll(ctx context.Context) error {
	raw, err := w.set.SyscallConn()
	if err != nil {
		return err
	}
	var events [batch]unix.EpollEvent
	count := 0
	take := func(uintptr) bool {
		// The descriptor of a set that is empty becomes readable again when something happens.
		count, err = w.waitEvents(events[:], 0)
		return count > 0 || err != nil
	}
	for ctx.Err() == nil {
		if rawErr := raw.Read(take); rawErr != nil {
			return rawErr
		}
		if err != nil {
			return err
		}
		w.tick()
		for i := range events[:count] {
			if int(events[i].Fd) == w.listening {
				w.acceptAll()
				continue
			}
			w.told(&events[i])
		}
	}
	return nil
}

func (w *workers) acceptAll() {
	for s := w.accept(w.listening); s != nil; s = w.accept(w.listening) {
		s.wake = make(chan struct{}, 1)
		w.adopt(s)
	}
}

func (w *workers) sweepRegularly(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.sweep()
		}
	}
}

// end breaks off every session and waits for the workers.
func (w *workers) end() {
	w.ending.Store(true)
	w.sweep()
	w.reactor.open.Wait()
	w.pool.Release()
	w.dropIdle()
	w.set.Close()
}

// wakeSession has a worker serve a session to which something has happened.
func (w *workers) wakeSession(s *session) {
	if s.state.CompareAndSwap(parked, running) {
		w.dispatch(s)
		return
	}
	if s.state.CompareAndSwap(asleep, running) {
		s.wake <- struct{}{}
	}
	// Else a worker runs it, and looks for events before it stops.
}

func (w *workers) wakeExpired(s *session) {
	s.client.events.Or(expired)
	w.wakeSession(s)
}

// dispatch gives the session to a worker, or has it wait until one is free.
func (w *workers) dispatch(s *session) {
	w.mutex.Lock()
	if w.busy == w.bound {
		s.following = nil
		if w.first == nil {
			w.first = s
		} else {
			w.last.following = s
		}
		w.last = s
		w.mutex.Unlock()
		return
	}
	w.busy++
	admin.Raise(&w.proxy.counters.WorkersPeak, int64(w.busy))
	w.mutex.Unlock()
	if err := w.pool.Invoke(s); err != nil {
		// The pool is closed only after the last session has ended.
		panic(err)
	}
}

// work is what a worker does with a session it is given, and then with those that have waited for one.
func (w *workers) work(s *session) {
	for s != nil {
		w.serve(s)
		w.mutex.Lock()
		s = w.first
		if s != nil {
			w.first = s.following
		} else {
			w.busy--
		}
		w.mutex.Unlock()
	}
}

// serve runs a session until it rests or ends.
func (w *workers) serve(s *session) {
	for {
		switch s.run() {
		case finished:
			return
		case resting:
			s.state.Store(parked)
			// From here on it may be another worker's.
			if s.client.events.Load() == 0 || !s.state.CompareAndSwap(parked, running) {
				return
			}
		case waiting:
			s.state.Store(asleep)
			if !s.happened() || !s.state.CompareAndSwap(asleep, running) {
				<-s.wake
			}
		}
	}
}
