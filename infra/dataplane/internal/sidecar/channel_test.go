package sidecar

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

func TestEveryRequestGoesThroughTheOneChannel(t *testing.T) {
	counters := &admin.Counters{}
	line := newSerialLine(counters)
	go line.dispatch()
	defer close(line.arrivals)
	server := httptest.NewServer(line.wrap(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(answer, "served")
	})))
	defer server.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for index := range 50 {
				fetch(t, http.DefaultClient, fmt.Sprint(server.URL, "/", index%2))
			}
		})
	}
	all.Wait()
	if _, err := http.Post(server.URL+"/panic", "", nil); err == nil {
		t.Error("an aborted request was answered")
	}
	server.Close()
	if counters.RequestsSerialised.Load() != 401 || counters.SerialisedWaitNs.Load() <= 0 {
		t.Errorf("%d requests waited %d ns", counters.RequestsSerialised.Load(), counters.SerialisedWaitNs.Load())
	}
	for path, want := range map[string]int64{"/0": 200, "/1": 200, "/panic": 1} {
		stats := line.paths[path]
		if stats == nil || stats.requests != want || stats.inProgress != 0 || stats.longestNs <= 0 || stats.latencyNs < stats.longestNs {
			t.Errorf("%s: %+v", path, stats)
		}
	}
}

func TestNoRequestGoesOnWhileAnotherIsNoted(t *testing.T) {
	counters := &admin.Counters{}
	line := newSerialLine(counters)
	go line.dispatch()
	defer close(line.arrivals)
	var entered atomic.Int64
	handler := line.wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { entered.Add(1) }))
	const held = 100 * time.Millisecond
	line.mutex.Lock()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
	}
	time.Sleep(2 * held)
	if entered.Load() != 0 {
		t.Errorf("%d requests went past the lock", entered.Load())
	}
	line.mutex.Unlock()
	all.Wait()
	if waited := time.Duration(counters.SerialisedWaitNs.Load()); entered.Load() != 4 || waited < 4*held {
		t.Errorf("%d requests served after %s of waiting", entered.Load(), waited)
	}
}

func TestStatisticsOfManyPathsAreBounded(t *testing.T) {
	line := newSerialLine(&admin.Counters{})
	for index := range 3 * pathsKept {
		line.end(line.begin(fmt.Sprint("/", index)), 1)
	}
	if len(line.paths) != pathsKept+1 || line.paths[otherPaths].requests != 2*pathsKept {
		t.Errorf("%d paths, %+v", len(line.paths), line.paths[otherPaths])
	}
}
