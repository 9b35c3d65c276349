package loadgen

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"meshmark/dataplane/internal/oscpu"
)

const (
	// deadAfter is how long a target may be without a single open connection before its slice is given up.
	deadAfter = 120 * time.Millisecond
	// redialEvery spaces the attempts to re-open a connection.
	redialEvery = 20 * time.Millisecond
)

// run is one slice being run.
type run struct {
	clk    clock
	target *target
	spec   sliceSpec
	rec    *recorder
	ctx    context.Context
	cancel context.CancelFunc // Ends dialling.

	processes []processSpec // The target's and the generator itself.
	edges     []cpuEdges
	elsewhere agentEdges // Of processes that agents see.

	slow *slowClients // nil where there are none.

	startedAt, endedAt int64
	// startDue is when the slice is to begin, by the clock; 0 for at once. lateMicros is by how much it was missed.
	startDue        int64
	lateMicros      *int64
	connectionWaits int64

	mu       sync.Mutex
	reason   string
	dialFail error
	// portsExhausted counts attempts to connect for which no local port was free.
	portsExhausted int64
	aborted        atomic.Bool
}

func newRun(clk clock, t *target, spec sliceSpec, rec *recorder) *run {
	rec.reset()
	rec.keepsTail = spec.DurationMs > 0
	rec.keepSends = spec.KeepSends
	t.mix.seed = spec.Share.seed(spec.Seed)
	r := &run{clk: clk, target: t, spec: spec, rec: rec}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.processes = append(append(r.processes, t.processes...), processSpec{Role: roleGenerator, PID: os.Getpid()})
	r.edges = make([]cpuEdges, len(r.processes))
	for i, process := range r.processes {
		r.edges[i] = cpuEdges{Role: process.Role, PID: process.PID}
	}
	return r
}

// abort ends the slice early. The first reason stands.
func (r *run) abort(reason string) {
	r.mu.Lock()
	if r.reason == "" {
		r.reason = reason
	}
	r.mu.Unlock()
	r.aborted.Store(true)
	r.cancel()
	for _, c := range r.target.conns {
		c.interrupt()
	}
}

func (r *run) failure() *string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason == "" {
		return nil
	}
	reason := r.reason
	return &reason
}

// execute runs the slice to its end. What went wrong is in failure.
func (r *run) execute() {
	defer r.cancel()
	now := r.clk.now()
	r.startedAt, r.endedAt = now, now
	if err := r.target.refresh(r.ctx); err != nil {
		r.abort(err.Error())
	}
	if r.aborted.Load() {
		return
	}
	finished := make(chan struct{})
	var watching sync.WaitGroup
	var part slicePart
	switch {
	case r.spec.Model == modelOpen:
		part = newOpenLoop(r)
	case r.spec.Requests > 0:
		part = &countedLoop{run: r}
	default:
		part = newTimedLoop(r)
	}
	r.startDue = r.awaitStart()
	watching.Go(func() { r.watch(part, finished) })
	r.slow = beginSlow(r)
	part.execute()
	r.slow.end()
	close(finished)
	watching.Wait()
	if r.aborted.Load() {
		for _, c := range r.target.conns {
			c.expires.Store(0)
			c.resume()
		}
	}
}

// slicePart is what differs between the models.
type slicePart interface {
	execute()
	// sweep gives up whatever waits longer than its limit without being on a connection.
	sweep(now int64)
}

// watch looks now and then for requests whose time is over, and for a target that is gone. Doing it here costs a request
// nothing, where a read deadline of its own would cost it a timer.
func (r *run) watch(part slicePart, finished <-chan struct{}) {
	every := min(max(time.Duration(r.target.timeoutNs/50), time.Millisecond), 10*time.Millisecond)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	deadSince := int64(0)
	for {
		select {
		case <-finished:
			return
		case <-ticker.C:
		}
		now := r.clk.now()
		for _, c := range r.target.conns {
			c.expireBefore(now)
		}
		part.sweep(now)
		switch {
		case !r.unreachable():
			deadSince = 0
		case deadSince == 0:
			deadSince = now
		case now-deadSince > int64(deadAfter):
			r.mu.Lock()
			cause := r.dialFail
			r.mu.Unlock()
			if cause != nil {
				r.abort(cause.Error())
			}
		}
		if r.aborted.Load() {
			// Again, for a reader that was just opening its connection when the slice was ended.
			for _, c := range r.target.conns {
				c.interrupt()
			}
		}
	}
}

// unreachable reports whether no connection is open and the last attempt to open one failed.
func (r *run) unreachable() bool {
	if r.target.open.Load() > 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dialFail != nil
}

// dialled remembers why a connection could not be opened, or that it could.
func (r *run) dialled(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		r.portsExhausted++
	}
	if r.ctx.Err() == nil {
		r.dialFail = err
	}
}

func (r *run) exhaustions() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.portsExhausted
}

// reopen connects c, and remembers why it could not.
func (r *run) reopen(c *conn) bool {
	err := c.open(r.ctx)
	r.dialled(err)
	return err == nil
}

// settle takes what receive found for the request in flight on c, makes the connection fit for the next one or closes
// it, and returns the request's end. counted is false for a request that was broken off because the slice is ended.
func (r *run) settle(c *conn, found answer, state int64) (end ending, counted bool) {
	end = ending{
		outcome: found.outcome, intendedAt: c.intendedAt, sentAt: c.sentAt, endedAt: r.clk.now(),
		timeoutNs: r.target.timeoutNs, bytes: found.bytes, residenceNs: found.residenceNs,
	}
	if state == expired || end.endedAt >= state {
		end.outcome, found.close = failedTimeout, true
	}
	if found.close {
		c.close()
	} else {
		c.remainder.Wait()
	}
	broken := end.outcome != answered && end.outcome != failedStatus
	return end, !(broken && r.aborted.Load())
}

// edge is one of a slice's three moments at which CPU clocks are read.
type edge int

const (
	edgeWarmup edge = iota
	edgeStart
	edgeEnd
)

// readClocks reads the CPU clock of every process, about 0.5 µs each. Agents are asked meanwhile, and waited for unless
// requests are being sent.
func (r *run) readClocks(at edge) {
	r.slow.mark(at)
	for i := range r.edges {
		if ns, ok := oscpu.ProcessCPU(r.edges[i].PID); ok {
			r.edges[i].set(at, &ns)
		}
	}
	sending := at == edgeStart && r.spec.Requests == 0
	r.elsewhere.read(r.target.agents, at, !sending)
}

// event is the slice's record, histograms encoded.
func (r *run) event(id int64, encoder *histogramEncoder, gcCycles int64) sliceEvent {
	event := sliceEvent{
		Event: "slice", ID: id, Seq: r.spec.Seq, Target: r.target.id,
		StartedAtMicros: r.clk.unixMicros(r.startedAt), EndedAtMicros: r.clk.unixMicros(r.endedAt),
		WarmupRequests: r.rec.warmup, Requests: r.rec.requests, Errors: r.rec.errors, BytesReceived: r.rec.bytes,
		Latency:         encoder.encode(&r.rec.latency),
		BeyondResidence: encoder.encode(&r.rec.beyond),
		CPU:             append(r.elsewhere.told(), r.edges...),
		Generator:       generatorUse{GCCycles: gcCycles, ConnectionWaits: r.connectionWaits, PortsExhausted: r.exhaustions()},
		Slow:            r.slow.counts(),
		Failed:          r.failure(),
	}
	if r.spec.Model == modelOpen {
		rate := r.spec.RatePerSecond
		if r.spec.Arrivals == arrivalsRamp {
			rate = (rate + r.spec.FromRatePerSecond) / 2
		}
		rate = r.spec.Share.rate(rate)
		event.OfferedRatePerSecond = &rate
		event.SendLatency = encoder.encode(&r.rec.sendLatency)
		event.SendLag = encoder.encode(&r.rec.sendLag)
	}
	if r.rec.keepsTail {
		event.Tail = r.rec.tail.told(r.rec.requests, r.startedAt, r.endedAt, r.clk.monotonicMicros)
	}
	event.SentAtNs = r.rec.sends
	event.LateMicros = r.lateMicros
	if own := r.edges[len(r.edges)-1]; own.StartNs != nil && own.EndNs != nil {
		used := *own.EndNs - *own.StartNs
		event.Generator.CPUNs = &used
	}
	return event
}

// readGauges returns the garbage collections of this process so far and the bytes of heap in use, free ones that no
// collection has found yet included.
func readGauges() (cycles int64, heapBytes uint64) {
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()), samples[1].Value.Uint64()
}

const never = math.MaxInt64
