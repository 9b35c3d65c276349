package lean

import (
	"sync"

	"meshmark/dataplane/internal/admin"
)

const (
	// bodyBuffer is what io.Copy and ReverseProxy take.
	bodyBuffer = 32 * 1024
	// headBuffer holds nearly every request's head, and is what an active connection reads into.
	headBuffer = 4 * 1024
)

// memory hands out buffers. Those for bodies are what the options' Buffers are about, and are counted; those for heads
// are always used again, as net/http does too.
type memory struct {
	counters *admin.Counters
	pooled   bool
	bodies   sync.Pool
	heads    sync.Pool
}

func newMemory(buffers string, counters *admin.Counters) *memory {
	return &memory{counters: counters, pooled: buffers == "pooled"}
}

// body returns bodyBuffer bytes. The pool makes none by itself, so one that it holds was put back before.
func (m *memory) body() []byte {
	if !m.pooled {
		return make([]byte, bodyBuffer)
	}
	m.counters.PoolGets.Add(1)
	if array, found := m.bodies.Get().(*[bodyBuffer]byte); found {
		m.counters.PoolHits.Add(1)
		return array[:]
	}
	return make([]byte, bodyBuffer)
}

// putBody takes back what body returned, and ignores anything larger.
func (m *memory) putBody(buffer []byte) {
	if m.pooled && len(buffer) == bodyBuffer {
		// A pointer to an array fits into an interface without allocating, a slice does not.
		m.bodies.Put((*[bodyBuffer]byte)(buffer))
	}
}

// head returns an empty slice with room for headBuffer bytes.
func (m *memory) head() []byte {
	if array, found := m.heads.Get().(*[headBuffer]byte); found {
		return array[:0]
	}
	return make([]byte, 0, headBuffer)
}

// putHead takes back what head returned. What has outgrown it is left to the garbage collector.
func (m *memory) putHead(buffer []byte) {
	if cap(buffer) == headBuffer {
		m.heads.Put((*[headBuffer]byte)(buffer[:headBuffer]))
	}
}
