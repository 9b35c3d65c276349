package sidecar

import (
	"sync"

	"meshmark/dataplane/internal/admin"
)

const (
	// bufferSize is what io.Copy and ReverseProxy take when nobody gives them a buffer.
	bufferSize = 32 * 1024
	// mark lies behind the end of every buffer of the pool, so that whoever is handed a buffer can tell where it came
	// from. It makes a buffer a little dearer to make than a fresh one (40 KiB of heap, as the allocator rounds), which
	// counts against the pool and hardly, as few are made.
	mark = "meshmark-pooled\n"
)

// bufferArray is what the pool keeps: a pointer to an array fits into an interface without allocating, a slice does not.
type bufferArray [bufferSize + len(mark)]byte

// fromPool tells whether the buffer, as a copy was given it, is one of the pool's.
func fromPool(buffer []byte) bool {
	return cap(buffer) == bufferSize+len(mark) && string(buffer[:cap(buffer)][bufferSize:]) == mark
}

// bufferPool is an httputil.BufferPool that counts. The garbage collector empties it over two cycles, as any sync.Pool.
type bufferPool struct {
	counters *admin.Counters
	idle     sync.Pool
}

func newBufferPool(counters *admin.Counters) *bufferPool { return &bufferPool{counters: counters} }

// Get returns a buffer of bufferSize bytes. The pool makes none by itself, so one that it holds was put back before.
func (p *bufferPool) Get() []byte {
	p.counters.PoolGets.Add(1)
	array, found := p.idle.Get().(*bufferArray)
	if found {
		p.counters.PoolHits.Add(1)
	} else {
		array = new(bufferArray)
		copy(array[bufferSize:], mark)
	}
	return array[:bufferSize]
}

// Put takes a buffer back. One that is not the pool's is left to the garbage collector.
func (p *bufferPool) Put(buffer []byte) {
	if fromPool(buffer) {
		p.idle.Put((*bufferArray)(buffer[:cap(buffer)]))
	}
}
