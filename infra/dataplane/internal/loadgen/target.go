package loadgen

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func sortedKeys(of map[string]string) []string { return slices.Sorted(maps.Keys(of)) }

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// target is one server with its connections and everything about a request that can be made ready once.
type target struct {
	id        string
	address   string
	mix       mix
	h2        bool      // HTTP/2 is spoken.
	raw       bool      // No HTTP is spoken.
	h3        *h3Client // nil where HTTP/3 is not spoken.
	anew      bool      // Each request opens a connection of its own.
	timeoutNs int64
	processes []processSpec
	agents    []*agentConn
	conns     []*conn
	slow      []*conn      // Those of them that read slowly, which the slices themselves do not use.
	slowOpen  atomic.Int64 // How many of these are open now.
	idle      *idleSet     // nil where there are none.
	idleFault error        // Why those that were asked for are not there.
	open      atomic.Int64 // Connections that are open now.
}

func newTarget(spec targetSpec, bodies [][]byte) (*target, error) {
	mix, err := newMix(spec, bodies)
	if err != nil {
		return nil, err
	}
	t := &target{
		id:        spec.ID,
		address:   spec.Address,
		mix:       mix,
		h2:        spec.speaksH2(),
		raw:       spec.Protocol == protocolRaw,
		anew:      spec.ConnectionPerRequest,
		timeoutNs: int64(spec.TimeoutMs * 1e6),
		processes: spec.Processes,
	}
	if spec.Protocol == protocolH3 {
		if t.h3, err = newH3Client(spec.Files); err != nil {
			return nil, err
		}
	}
	for range spec.Connections - spec.SlowConnections {
		t.conns = append(t.conns, newConn(t))
	}
	for range spec.SlowConnections {
		c := newConn(t)
		c.pacing, c.openCount = newPacing(spec.SlowReadBytesPerSecond), &t.slowOpen
		t.slow = append(t.slow, c)
	}
	return t, nil
}

// openAll opens every connection that is closed, some at a time so that a listener's queue does not overflow. It returns
// the first failure; connections that did open stay open.
//
// Where each request opens its own, one is opened and closed again, to see whether it can be.
func (t *target) openAll(ctx context.Context) error {
	if t.anew {
		c := t.conns[0]
		err := c.open(ctx)
		c.closeAtOnce()
		return err
	}
	const together = 32
	var (
		wait  sync.WaitGroup
		once  sync.Once
		first error
		slots = make(chan struct{}, together)
	)
	for _, c := range t.conns {
		if c.nc != nil {
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := c.open(ctx); err != nil {
				once.Do(func() { first = err })
			}
		})
	}
	wait.Wait()
	return first
}

// refresh replaces the connections that the server closed or spoke on since they were last used. It fails when
// none is open in the end, or when idle ones are not there.
func (t *target) refresh(ctx context.Context) error {
	if t.idleFault != nil {
		return t.idleFault
	}
	if err := t.idle.sound(); err != nil {
		return err
	}
	if t.anew {
		return nil
	}
	for _, c := range t.conns {
		if c.nc != nil && !c.idleIsSound() {
			c.close()
		}
	}
	err := t.openAll(ctx)
	if t.open.Load() == 0 {
		return err
	}
	return nil
}

// openIdle opens the connections that stay idle.
func (t *target) openIdle(ctx context.Context, count int, from sources) (err error) {
	if count > 0 {
		t.idle, err = openIdle(ctx, t, count, from)
	}
	return err
}

func (t *target) closeAll() {
	t.idle.close()
	t.idle = nil
	for _, c := range t.conns {
		c.close()
	}
	for _, one := range t.agents {
		one.close()
	}
}

// pause sleeps unless the channel is closed first; it reports whether the time passed.
func pause(length time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}

// processorsFor returns GOMAXPROCS: one for every core that the process may use, and one that the pacing thread holds
// while it sleeps in the kernel.
func processorsFor() int { return runtime.NumCPU() + 1 }
