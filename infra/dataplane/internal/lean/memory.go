package lean

import (
	"sync"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/lean/message"
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
	desks    sync.Pool
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

// desk is what working on a request's head and on an answer's head takes.
type desk struct {
	// in holds the client's bytes; those before taken have been used.
	in    []byte
	taken int
	// out is the request as it is sent on: the head, and of the body what came with it.
	out []byte
	// back is an answer's head as it is sent on.
	back              []byte
	request, response message.Head
	// joined is a list that came in several fields.
	joined []byte
}

func (m *memory) desk() *desk {
	if d, found := m.desks.Get().(*desk); found {
		return d
	}
	return &desk{in: make([]byte, 0, headBuffer), out: make([]byte, 0, headBuffer), back: make([]byte, 0, headBuffer/4)}
}

// putDesk takes a desk back, unless a giant request has made it too large to keep.
func (m *memory) putDesk(d *desk) {
	if cap(d.in)+cap(d.out)+cap(d.back)+cap(d.joined) > 8*headBuffer {
		return
	}
	d.in, d.taken, d.out, d.back = d.in[:0], 0, d.out[:0], d.back[:0]
	d.request.Reset()
	d.response.Reset()
	m.desks.Put(d)
}
