package sidecar

import (
	"net/http"
	"sync"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/clock"
)

// pathsKept bounds the statistics; requests for other paths are added up under one name.
const (
	pathsKept  = 1024
	otherPaths = "other"
)

// newChannel is how a proxy in Go is often made not to scale: every request is handed through one channel to one
// goroutine, which notes it in a map under one lock before it may go on, and the same lock is taken again at its end.
//
// People write it because it looks safe and idiomatic: "share memory by communicating", one owner of the state, one
// place for statistics, limits or logging, no data race. It works in every test with one client. What it costs shows
// under load: however many cores there are, requests go through one at a time; each needs two more switches between
// goroutines, and waits behind all that came before it, so that the wait grows with the load and the slowest requests
// suffer first. While the dispatcher is not on a core, nobody is served.
//
// Nothing is slowed down on purpose: the bookkeeping is a count, the requests in progress and the latency by path. That
// could be atomic counters, as RequestsSerialised and SerialisedWaitNs are here.
func newChannel(counters *admin.Counters) func(http.Handler) http.Handler {
	line := newSerialLine(counters)
	go line.dispatch()
	return line.wrap
}

// serialLine is what all requests go through.
type serialLine struct {
	counters *admin.Counters
	arrivals chan arrival

	mutex sync.Mutex
	paths map[string]*pathStats
}

// arrival is a request that waits for its turn.
type arrival struct {
	path string
	turn chan *pathStats
}

// pathStats are guarded by the line's mutex.
type pathStats struct {
	requests   int64
	inProgress int64
	latencyNs  int64
	longestNs  int64
}

func newSerialLine(counters *admin.Counters) *serialLine {
	return &serialLine{counters: counters, arrivals: make(chan arrival), paths: map[string]*pathStats{}}
}

// dispatch lets requests go on one after another, for as long as the process lives.
func (l *serialLine) dispatch() {
	for next := range l.arrivals {
		next.turn <- l.begin(next.path)
	}
}

func (l *serialLine) begin(path string) *pathStats {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	stats, known := l.paths[path]
	if !known {
		if len(l.paths) >= pathsKept {
			path = otherPaths
		}
		if stats = l.paths[path]; stats == nil {
			stats = &pathStats{}
			l.paths[path] = stats
		}
	}
	stats.requests++
	stats.inProgress++
	return stats
}

func (l *serialLine) end(stats *pathStats, latencyNs int64) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	stats.inProgress--
	stats.latencyNs += latencyNs
	stats.longestNs = max(stats.longestNs, latencyNs)
}

func (l *serialLine) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		startNs := clock.MonotonicNs()
		turn := make(chan *pathStats)
		l.arrivals <- arrival{request.URL.Path, turn}
		stats := <-turn
		l.counters.RequestsSerialised.Add(1)
		l.counters.SerialisedWaitNs.Add(clock.MonotonicNs() - startNs)
		// Also when next panics, as ReverseProxy does to break off an answer.
		defer func() { l.end(stats, clock.MonotonicNs()-startNs) }()
		next.ServeHTTP(answer, request)
	})
}
