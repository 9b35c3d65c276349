package service

import (
	"sync"
	"time"

	"meshmark/dataplane/internal/clock"
)

// server is one that serves requests one after another, each for the same time (the D and the 1 of an M/D/1 queue). It
// burns no CPU: a request's end is worked out when it comes and slept until, so that the capacity is exact however late
// a timer is, and only the time of a single answer is off by that.
type server struct {
	serviceTime time.Duration
	mutex       sync.Mutex
	freeAtNs    int64
}

// admit returns the monotonic time at which a request that has come now has been served.
func (s *server) admit() int64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.freeAtNs = max(s.freeAtNs, clock.MonotonicNs()) + int64(s.serviceTime)
	return s.freeAtNs
}

// serve sleeps until the request has been served.
func (s *server) serve() {
	if remaining := s.admit() - clock.MonotonicNs(); remaining > 0 {
		time.Sleep(time.Duration(remaining))
	}
}
