package stacks

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// profiled is what is found of a kind while work goes on again and again, and how often it was done.
func profiled(t *testing.T, kind Kind, seconds string, work func()) (Answer, int) {
	t.Helper()
	server := httptest.NewServer(Handler("outbound"))
	defer server.Close()
	var done sync.WaitGroup
	times := 0
	stop := make(chan struct{})
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				work()
				times++
			}
		}
	})
	answer, err := http.Get(server.URL + "?kind=" + string(kind) + "&seconds=" + seconds)
	close(stop)
	done.Wait()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got Answer
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got, times
}

// within adds up what was found in stacks that have a function whose name ends so.
func (p Profile) within(function string) (value, samples float64) {
	for _, stack := range p.Stacks {
		if slices.ContainsFunc(stack.Frames, func(place int) bool { return strings.HasSuffix(p.Functions[place], function) }) {
			value += stack.Value
			samples += stack.Samples
		}
	}
	return value, samples
}

var sink []byte

//go:noinline
func allocateForTest() {
	sink = make([]byte, 8<<10)
	time.Sleep(20 * time.Microsecond)
}

//go:noinline
func burnForTest() {
	for until := time.Now().Add(time.Millisecond); time.Now().Before(until); {
	}
}

func TestAllocationsAreThoseOfTheTimeAndNoOthers(t *testing.T) {
	for range 10_000 {
		allocateBefore()
	}
	usual := runtime.MemProfileRate
	got, times := profiled(t, Allocations, "0.5", allocateForTest)
	if runtime.MemProfileRate != usual {
		t.Errorf("the rate was left at %d, it was %d", runtime.MemProfileRate, usual)
	}
	value, samples := got.within(".allocateForTest")
	// Before and after the window the work goes on too, while collections and reading take their time.
	if most := float64(times) * (8 << 10); value < most/3 || value > most*1.15 {
		t.Errorf("%.0f bytes found of %.0f allocated", value, most)
	}
	if samples < 100 {
		t.Errorf("%.0f samples", samples)
	}
	if earlier, _ := got.within(".allocateBefore"); earlier != 0 {
		t.Errorf("%.0f bytes of before", earlier)
	}
}

//go:noinline
func allocateBefore() { sink = make([]byte, 8<<10) }

func TestCPUIsWhereItWasUsed(t *testing.T) {
	got, _ := profiled(t, CPU, "0.6", burnForTest)
	value, samples := got.within(".burnForTest")
	if value < 0.2e9 || value > 0.75e9 || samples != value/1e7 {
		t.Errorf("%.0f ns in %.0f samples of 0.6 s", value, samples)
	}
	if got.Kind != CPU || got.Role != "outbound" || got.Seconds < 0.55 || got.Seconds > 0.6 {
		t.Errorf("%s of %s for %g s", got.Kind, got.Role, got.Seconds)
	}
}

func TestMutexTellsHowLongOthersWaited(t *testing.T) {
	var lock sync.Mutex
	got, _ := profiled(t, Mutex, "0.4", func() { contendForTest(&lock) })
	if value, samples := got.within(".holdForTest"); value < 1e7 || samples < 10 {
		t.Errorf("%.0f ns in %.0f waits", value, samples)
	}
	if rate := runtime.SetMutexProfileFraction(-1); rate != 0 {
		t.Errorf("the profile of locks was left on, at 1 in %d", rate)
	}
}

func contendForTest(lock *sync.Mutex) {
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { holdForTest(lock) })
	}
	both.Wait()
}

//go:noinline
func holdForTest(lock *sync.Mutex) {
	lock.Lock()
	time.Sleep(time.Millisecond)
	lock.Unlock()
}

func TestGoroutinesAreCountedOnAverage(t *testing.T) {
	gone := make(chan struct{})
	defer close(gone)
	for range 5 {
		go waitForTest(gone)
	}
	got, _ := profiled(t, Goroutines, "0.2", func() { time.Sleep(time.Millisecond) })
	if value, samples := got.within(".waitForTest"); value != 5 || samples != 5*goroutineLooks {
		t.Errorf("%g goroutines in %g looks", value, samples)
	}
}

//go:noinline
func waitForTest(gone chan struct{}) { <-gone }

func TestStacksOfTheSameFunctionsAreAddedUpWithTheOutermostFirst(t *testing.T) {
	function := func(name string) *profile.Function { return &profile.Function{Name: name} }
	inner, inlined, outer := function("a.inner[go.shape.int].func1"), function("a.inlined"), function("a.outer")
	at := func(line int64) *profile.Sample {
		return &profile.Sample{Location: []*profile.Location{
			{Line: []profile.Line{{Function: inlined, Line: line}, {Function: inner}}},
			{Line: []profile.Line{{Function: outer}}},
		}}
	}
	folded := newFolder()
	folded.add(at(1), 10, 1)
	folded.add(at(2), 20, 2)
	folded.add(&profile.Sample{Location: []*profile.Location{{Line: []profile.Line{{Function: outer}}}}}, -1, -1)
	var found Profile
	folded.into(&found)
	if len(found.Stacks) != 1 || found.Stacks[0].Value != 30 || found.Stacks[0].Samples != 3 {
		t.Fatalf("got %+v", found)
	}
	var names []string
	for _, place := range found.Stacks[0].Frames {
		names = append(names, found.Functions[place])
	}
	if want := []string{"a.outer", "a.inner[…].func1", "a.inlined"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestOneProfileAtATimeAndNoneOfAnotherKind(t *testing.T) {
	server := httptest.NewServer(Handler("outbound"))
	defer server.Close()
	status := func(query string) int {
		answer, err := http.Get(server.URL + query)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for _, wrong := range []string{"", "?kind=", "?kind=heap", "?kind=cpu&seconds=0", "?kind=cpu&seconds=NaN", "?kind=cpu&seconds=601"} {
		if got := status(wrong); got != http.StatusBadRequest {
			t.Errorf("%q: status %d", wrong, got)
		}
	}
	first := make(chan int, 1)
	go func() { first <- status("?kind=mutex&seconds=0.5") }()
	time.Sleep(150 * time.Millisecond)
	if got := status("?kind=goroutines&seconds=0.1"); got != http.StatusConflict {
		t.Errorf("a second asker got %d", got)
	}
	if got := <-first; got != http.StatusOK {
		t.Errorf("the first asker got %d", got)
	}
}
