package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/processtest"
)

// startCache is a cache in front of a real server, with the number of calls that it made.
func startCache(t testing.TB, server *processtest.Server, ttl time.Duration) (*Cache, *admin.Counters, *atomic.Int64) {
	t.Helper()
	client, err := Dial(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	counters, calls := &admin.Counters{}, &atomic.Int64{}
	cache := NewCache(func(ctx context.Context, identity, method, path string) (Decision, error) {
		calls.Add(1)
		return client.Check(ctx, identity, method, path)
	}, ttl, counters)
	return cache, counters, calls
}

func allowed(t testing.TB, cache *Cache, path string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	is, err := cache.Allowed(ctx, Anonymous, "GET", path)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func TestADecisionIsAskedForOnceAndAgainWhenItExpires(t *testing.T) {
	const ttl = 300 * time.Millisecond
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll))
	cache, counters, calls := startCache(t, server, ttl)
	start := time.Now()
	for range 10 {
		if !allowed(t, cache, "/") {
			t.Fatal("denied")
		}
	}
	if time.Since(start) < ttl && (calls.Load() != 1 || counters.PolicyCacheHits.Load() != 9) {
		t.Errorf("%d calls, %d hits", calls.Load(), counters.PolicyCacheHits.Load())
	}
	put(t, server, `[]`)
	// Not told of the change, the cache finds out when its time is over.
	time.Sleep(ttl)
	before := calls.Load()
	if allowed(t, cache, "/") || calls.Load() != before+1 {
		t.Errorf("an expired decision was used, or %d calls made", calls.Load()-before)
	}
}

func TestConcurrentMissesMakeOneCallForEachQuestion(t *testing.T) {
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll), "--latency", "100ms")
	cache, counters, calls := startCache(t, server, time.Minute)
	var all sync.WaitGroup
	for index := range 200 {
		all.Go(func() {
			if is, err := cache.Allowed(context.Background(), Anonymous, "GET", fmt.Sprint("/", index%4)); !is || err != nil {
				t.Error(is, err)
			}
		})
	}
	all.Wait()
	if calls.Load() != 4 || server.Snapshot().Witness.Requests != 4 {
		t.Errorf("%d calls for 4 questions, %d hits", calls.Load(), counters.PolicyCacheHits.Load())
	}
}

func TestAnAskerThatGoesAwaySpoilsTheAnswerForNoOne(t *testing.T) {
	server := processtest.StartServer(t, "--rules", rulesFile(t, allowAll), "--latency", "100ms")
	cache, _, calls := startCache(t, server, time.Minute)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error)
	go func() {
		_, err := cache.Allowed(ctx, Anonymous, "GET", "/")
		gone <- err
	}()
	for calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if !allowed(t, cache, "/") || calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestAQuestionAskedAfterAChangeIsNotAnsweredByTheRulesBeforeIt(t *testing.T) {
	// A call is under way, and has been decided, when the change is told.
	entered, leave := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	cache := NewCache(func(context.Context, string, string, string) (Decision, error) {
		if calls.Add(1) == 1 {
			close(entered)
			<-leave
			return Decision{Allowed: true, Rules: Version{1, 1}}, nil
		}
		return Decision{Allowed: false, Rules: Version{1, 2}}, nil
	}, time.Minute, &admin.Counters{})
	cache.Told(Version{1, 1})
	first := make(chan bool)
	go func() { first <- allowed(t, cache, "/") }()
	<-entered
	cache.Told(Version{1, 2})
	if allowed(t, cache, "/") {
		t.Error("answered by the call that was under way")
	}
	close(leave)
	if !<-first {
		t.Error("who asked before the change was answered by another call")
	}
	if allowed(t, cache, "/") || calls.Load() != 2 {
		t.Errorf("the late answer was kept; %d calls", calls.Load())
	}
}

func TestChangesAreCountedAndDropEverythingOnce(t *testing.T) {
	counters := &admin.Counters{}
	rules := Version{7, 1}
	var calls atomic.Int64
	cache := NewCache(func(context.Context, string, string, string) (Decision, error) {
		calls.Add(1)
		return Decision{Allowed: true, Rules: rules}, nil
	}, time.Minute, counters)
	step := func(what string, wantCalls, wantPushes int64) {
		t.Helper()
		allowed(t, cache, "/")
		if calls.Load() != wantCalls || counters.PolicyPushes.Load() != wantPushes {
			t.Errorf("%s: %d calls, %d pushes; want %d, %d", what, calls.Load(), counters.PolicyPushes.Load(), wantCalls, wantPushes)
		}
	}
	step("before the stream stands", 1, 0)
	cache.Told(rules)
	step("told what the answer said", 1, 0)
	rules.Number = 2
	cache.Told(rules)
	step("told of a change", 2, 1)
	cache.Told(rules)
	step("told the same on a new stream", 2, 1)
	rules = Version{8, 2}
	cache.Told(rules)
	step("told the same number by another process", 3, 2)
	rules.Number = 3
	if is, err := cache.Allowed(context.Background(), Anonymous, "GET", "/other"); !is || err != nil {
		t.Error(is, err)
	}
	step("an answer told of the change first", 5, 2)
	cache.Told(rules)
	step("and then the stream", 5, 3)
	rules = Version{9, 1}
	if is, err := cache.Allowed(context.Background(), Anonymous, "GET", "/new"); !is || err != nil {
		t.Error(is, err)
	}
	step("an answer of a process that the stream has not told of", 6, 3)
	if is, err := cache.Allowed(context.Background(), Anonymous, "GET", "/new"); !is || err != nil || calls.Load() != 7 {
		t.Errorf("is not kept: %d calls", calls.Load())
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	var calls atomic.Int64
	cache := NewCache(func(context.Context, string, string, string) (Decision, error) {
		if calls.Add(1) == 1 {
			return Decision{Allowed: true}, errors.New("unreachable")
		}
		return Decision{Allowed: true, Rules: Version{1, 1}}, nil
	}, time.Minute, &admin.Counters{})
	if is, err := cache.Allowed(context.Background(), Anonymous, "GET", "/"); is || err == nil {
		t.Error(is, err)
	}
	if !allowed(t, cache, "/") {
		t.Error("an error was kept")
	}
}

func TestTheCacheIsBoundedAndHoldsWhatFits(t *testing.T) {
	var calls atomic.Int64
	cache := NewCache(func(context.Context, string, string, string) (Decision, error) {
		calls.Add(1)
		return Decision{Allowed: true, Rules: Version{1, 1}}, nil
	}, time.Minute, &admin.Counters{})
	for index := range 3 * shardCount * shardSize {
		allowed(t, cache, fmt.Sprint("/", index))
	}
	size := func() (total int) {
		for index := range cache.shards {
			if count := len(cache.shards[index].kept); count > shardSize {
				t.Fatalf("%d in one shard", count)
			} else {
				total += count
			}
			if under := len(cache.shards[index].asked); under != 0 {
				t.Fatalf("%d calls still under way", under)
			}
		}
		return total
	}
	if total := size(); total != shardCount*shardSize {
		t.Errorf("%d decisions are kept", total)
	}
	// Dropped ones make room for new ones, which then stay.
	cache.Told(Version{1, 1})
	cache.Told(Version{1, 2})
	before := calls.Load()
	long := "/" + strings.Repeat("x", longestKept)
	allowed(t, cache, long)
	allowed(t, cache, long)
	if calls.Load() != before+2 {
		t.Error("a path without bounds was kept")
	}
	size()
}

func TestADecisionThatIsThereCostsNoAllocation(t *testing.T) {
	cache := NewCache(func(context.Context, string, string, string) (Decision, error) {
		return Decision{Allowed: true, Rules: Version{1, 1}}, nil
	}, time.Minute, &admin.Counters{})
	allowed(t, cache, "/a")
	ctx := context.Background()
	if cost := testing.AllocsPerRun(1000, func() { _, _ = cache.Allowed(ctx, Anonymous, "GET", "/a") }); cost != 0 {
		t.Errorf("%g allocations for each hit", cost)
	}
}

func TestACacheUnderChangesAndLoadNeverAnswersByRulesThatItWasToldAreOver(t *testing.T) {
	var inForce atomic.Uint64
	inForce.Store(1)
	cache := NewCache(func(context.Context, string, string, string) (Decision, error) {
		number := inForce.Load()
		return Decision{Allowed: number%2 == 1, Rules: Version{1, number}}, nil
	}, time.Minute, &admin.Counters{})
	cache.Told(Version{1, 1})
	var all sync.WaitGroup
	stop := make(chan struct{})
	var told atomic.Uint64
	told.Store(1)
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				before := told.Load()
				is := allowed(t, cache, "/")
				// A change while it was asked may have been seen or not.
				if inForce.Load() == before && is != (before%2 == 1) {
					t.Errorf("version %d gave %v", before, is)
					return
				}
			}
		})
	}
	for number := uint64(2); number < 500; number++ {
		inForce.Store(number)
		cache.Told(Version{1, number})
		told.Store(number)
		time.Sleep(100 * time.Microsecond)
	}
	close(stop)
	all.Wait()
}
