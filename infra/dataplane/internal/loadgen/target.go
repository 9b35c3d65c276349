package loadgen

import (
	"context"
	"encoding/base64"
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
	request   []byte     // Over HTTP/1.
	h2        *h2Request // Over HTTP/2.
	anew      bool       // Each request opens a connection of its own.
	headOnly  bool
	timeoutNs int64
	processes []processSpec
	conns     []*conn
	idle      *idleSet     // nil where there are none.
	idleFault error        // Why those that were asked for are not there.
	open      atomic.Int64 // Connections that are open now.
}

func newTarget(spec targetSpec) (*target, error) {
	body, err := base64.StdEncoding.DecodeString(spec.BodyBase64)
	if err != nil {
		return nil, err
	}
	t := &target{
		id:        spec.ID,
		address:   spec.Address,
		anew:      spec.ConnectionPerRequest,
		headOnly:  spec.Method == "HEAD",
		timeoutNs: int64(spec.TimeoutMs * 1e6),
		processes: spec.Processes,
	}
	if spec.Protocol == protocolH2 || spec.Protocol == protocolGRPC {
		t.h2 = newH2Request(spec, body)
	} else {
		t.request = buildRequest(spec, body)
	}
	for range spec.Connections {
		t.conns = append(t.conns, newConn(t))
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
