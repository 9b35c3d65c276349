package policy

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/clock"
)

const (
	// shardCount keeps goroutines out of each other's way.
	shardCount = 16
	// shardSize bounds the decisions that are kept to 16,384.
	shardSize = 1024
	// evictionSample is how many decisions are looked at for one to drop.
	evictionSample = 8
	// longestKept is the most bytes of identity, method and path that a decision is kept for.
	longestKept = 1024
)

// Checker asks for one decision. It returns in bounded time.
type Checker func(ctx context.Context, identity, method, path string) (Decision, error)

// Cache keeps decisions for a time, but not beyond a change of the rules that it has been told of. A decision that is
// there costs no allocation and no lock but a shard's, for reading.
type Cache struct {
	check    Checker
	ttlNs    int64
	counters *admin.Counters
	seed     maphash.Seed
	shards   [shardCount]shard
	// generation is of the decisions that hold: all others are as good as dropped.
	generation atomic.Uint64

	// mutex guards what follows, which changes with the rules only.
	mutex   sync.Mutex
	known   Version
	watched Version
}

type question struct{ identity, method, path string }

func (q question) clone() question {
	return question{strings.Clone(q.identity), strings.Clone(q.method), strings.Clone(q.path)}
}

type kept struct {
	generation uint64
	expiresNs  int64
	allowed    bool
}

func (k kept) holds(generation uint64, nowNs int64) bool {
	return k.generation == generation && nowNs < k.expiresNs
}

type shard struct {
	mutex sync.RWMutex
	kept  map[question]kept
	// asked are the calls under way, which all who have the same question wait for.
	asked map[question]*call
}

// call is one question to the server. decision and err are set when done is closed.
type call struct {
	generation uint64
	done       chan struct{}
	decision   Decision
	err        error
}

// NewCache returns an empty cache that keeps decisions of check for ttl. It counts PolicyCacheHits and PolicyPushes;
// what check asks of a server is check's to count.
func NewCache(check Checker, ttl time.Duration, counters *admin.Counters) *Cache {
	cache := &Cache{check: check, ttlNs: int64(ttl), counters: counters, seed: maphash.MakeSeed()}
	for index := range cache.shards {
		cache.shards[index].kept = map[question]kept{}
		cache.shards[index].asked = map[question]*call{}
	}
	return cache
}

// Allowed returns the decision that is kept, or waits for a call to the server, one for all who ask the same. The call
// goes on when ctx ends, as others may wait for it.
func (c *Cache) Allowed(ctx context.Context, identity, method, path string) (bool, error) {
	asked := question{identity, method, path}
	shard := &c.shards[maphash.Comparable(c.seed, asked)%shardCount]
	nowNs := clock.MonotonicNs()
	generation := c.generation.Load()
	shard.mutex.RLock()
	found := shard.kept[asked]
	shard.mutex.RUnlock()
	if found.holds(generation, nowNs) {
		c.counters.PolicyCacheHits.Add(1)
		return found.allowed, nil
	}
	allowed, under := c.join(shard, asked, generation, nowNs)
	if under == nil {
		c.counters.PolicyCacheHits.Add(1)
		return allowed, nil
	}
	select {
	case <-under.done:
		return under.err == nil && under.decision.Allowed, under.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// join returns the call to wait for, or nil and the decision if it has come in since it was looked for.
func (c *Cache) join(shard *shard, asked question, generation uint64, nowNs int64) (allowed bool, under *call) {
	shard.mutex.Lock()
	defer shard.mutex.Unlock()
	if found := shard.kept[asked]; found.holds(generation, nowNs) {
		return found.allowed, nil
	}
	// One that was asked before the rules changed may be answered by the old ones.
	if under = shard.asked[asked]; under == nil || under.generation != generation {
		asked = asked.clone()
		under = &call{generation: generation, done: make(chan struct{})}
		shard.asked[asked] = under
		go c.ask(shard, asked, under)
	}
	return false, under
}

func (c *Cache) ask(shard *shard, asked question, under *call) {
	// From before the call, so that no decision is kept longer than ttl after it was made.
	expiresNs := clock.MonotonicNs() + c.ttlNs
	under.decision, under.err = c.check(context.Background(), asked.identity, asked.method, asked.path)
	generation, keep := uint64(0), false
	if under.err == nil && len(asked.identity)+len(asked.method)+len(asked.path) <= longestKept {
		generation, keep = c.decided(under.decision.Rules)
	}
	shard.mutex.Lock()
	if keep {
		shard.keep(asked, kept{generation, expiresNs, under.decision.Allowed})
	}
	if shard.asked[asked] == under {
		delete(shard.asked, asked)
	}
	shard.mutex.Unlock()
	close(under.done)
}

// keep makes room first, where there is none: of a few decisions it drops one that no longer holds, or else the one
// that would be the first to expire.
func (s *shard) keep(asked question, decision kept) {
	if _, there := s.kept[asked]; !there && len(s.kept) >= shardSize {
		var worst question
		worstNs, looked := int64(0), 0
		for candidate, its := range s.kept {
			expiresNs := its.expiresNs
			if its.generation != decision.generation {
				expiresNs = -1
			}
			if looked == 0 || expiresNs < worstNs {
				worst, worstNs = candidate, expiresNs
			}
			if looked++; looked == evictionSample || worstNs < 0 {
				break
			}
		}
		delete(s.kept, worst)
	}
	s.kept[asked] = decision
}

// decided returns the generation to keep a decision under, or false if it is of rules that are not known to be in force.
func (c *Cache) decided(by Version) (generation uint64, keep bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	newer := c.known == Version{} || by.Instance == c.known.Instance && by.Number > c.known.Number
	if newer {
		// An answer may tell of a change sooner than the stream does.
		c.drop(by)
	}
	return c.generation.Load(), by == c.known
}

// Told drops every decision if it is of other rules than those of this version, which the stream has told.
func (c *Cache) Told(version Version) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.watched != version && c.watched != (Version{}) {
		c.counters.PolicyPushes.Add(1)
	}
	c.watched = version
	older := version.Instance == c.known.Instance && version.Number <= c.known.Number
	if !older {
		c.drop(version)
	}
}

func (c *Cache) drop(version Version) {
	c.known = version
	c.generation.Add(1)
}
