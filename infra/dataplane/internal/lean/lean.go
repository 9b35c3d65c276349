// Package lean is an HTTP/1.1 reverse proxy that does no more than forwarding needs: a parser of its own that allocates
// nothing (package message), heads rewritten into memory that is used again, one write for a head and the body bytes
// that came with it. It serves in one of three ways, which differ in who does the work:
//
//	goroutine     a goroutine for each client connection, which blocks
//	worker-pool   a bounded number of goroutines; a connection that waits for its next request has none (Linux)
//	event-loop    a loop for each core, which owns its client and upstream connections and never blocks (Linux)
//
//	err := lean.Serve(ctx, listener, lean.Options{
//		Upstream: "127.0.0.1:41234", Concurrency: "event-loop", Buffers: "pooled",
//		UpstreamConnections: "pooled", IdleUpstreamConnections: 64, HopTimes: true,
//	}, counters, report)
//
// An answer is read into one buffer of 32 KiB, "fresh" for each answer or from a pool, and written to the client out of
// the same memory. A request's body has such a buffer too unless it came together with its head.
//
// The pool of goroutines is github.com/panjf2000/ants. The event loop is this package's own, on epoll. Package
// github.com/panjf2000/gnet was tried for it and cannot carry a proxy: it reads whatever arrives, so that a fast upstream
// fills the memory when a client is slow, and it closes a connection both ways when the peer has ended one.
package lean

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/duties"
)

// Options say how the proxy works.
type Options struct {
	// Upstream is the host:port that requests are forwarded to.
	Upstream string
	// Concurrency is "goroutine", "worker-pool" or "event-loop".
	Concurrency string
	// Workers bounds the goroutines of "worker-pool".
	Workers int
	// Loops is the number of event loops; 0 stands for GOMAXPROCS.
	Loops int
	// Buffers is "fresh" or "pooled".
	Buffers string
	// UpstreamConnections is "pooled", or "fresh": one for each request.
	UpstreamConnections string
	// IdleUpstreamConnections are kept open for reuse, by all loops together.
	IdleUpstreamConnections int
	// UpstreamTLS, if not nil, has the upstream spoken to in TLS; with "goroutine" only.
	UpstreamTLS *tls.Config
	// ClientHandshake and UpstreamHandshake, if not nil, are called once for each connection whose TLS handshake was
	// completed; what they return, unless nil, is called for each request on that connection.
	ClientHandshake   func(tls.ConnectionState) (perRequest func())
	UpstreamHandshake func(tls.ConnectionState) (perRequest func())
	// HopTimes has the counters TimedRequests, ServedNs and UpstreamNs kept.
	HopTimes bool
	// BurnCPU, if not nil, is called for each request.
	BurnCPU func()
	// Duties, if not nil, are done for each request.
	Duties *duties.Duties
	// Accepted, if not nil, is given each connection's socket where connections are taken from the listening socket itself,
	// with "worker-pool" and "event-loop".
	Accepted func(fd int)
}

const (
	// headLimit is how long a request's head may take from its first byte.
	headLimit = time.Minute
	// idleLimit is longer than a variant waits for its turn, so that a run never meets a connection closed for it.
	idleLimit = 15 * time.Minute
	// upstreamIdleLimit is shorter, so that the side that reuses a connection is the one that closes it.
	upstreamIdleLimit = 10 * time.Minute
	// dialLimit is short: both ends are on one machine or in one cluster.
	dialLimit = 5 * time.Second
	// lingerLimit and lingerBytes bound what is still read from a client that has been answered and told to close.
	lingerLimit = time.Second
	lingerBytes = 1 << 20
)

// Serve forwards requests until ctx is done, and then closes every connection and returns nil. It returns an error if
// the options make no sense here or nothing can be accepted any longer. report is given a line for each failure that is
// the upstream's; it is called by many goroutines at once.
//
// The listener may be a TLS listener with "goroutine". The others take connections from the socket itself, which must
// be TCP (or be found by Unwrap() net.Listener); since they pass by the listener's Accept, they add to
// counters.ConnectionsAccepted, which with "goroutine" is left to the listener.
func Serve(
	ctx context.Context, listener net.Listener, options Options, counters *admin.Counters, report func(string),
) error {
	if err := options.check(); err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	proxy := &proxy{options: options, counters: counters, report: report, memory: newMemory(options.Buffers, counters)}
	switch options.Concurrency {
	case "worker-pool":
		proxy.served = &counters.RequestsByWorkers
		return serveWorkers(ctx, listener, proxy)
	case "event-loop":
		proxy.served = &counters.RequestsByLoop
		return serveLoops(ctx, listener, proxy)
	}
	return serveGoroutines(ctx, listener, proxy)
}

func (o Options) check() error {
	plain := o.UpstreamTLS == nil
	switch {
	case o.Concurrency != "goroutine" && o.Concurrency != "worker-pool" && o.Concurrency != "event-loop":
		return fmt.Errorf("no concurrency %q", o.Concurrency)
	case o.Concurrency != "goroutine" && !plain:
		return fmt.Errorf("concurrency %s speaks no TLS: crypto/tls blocks", o.Concurrency)
	case o.Concurrency == "worker-pool" && o.Workers < 1:
		return fmt.Errorf("at least 1 worker is needed, got %d", o.Workers)
	case o.Buffers != "fresh" && o.Buffers != "pooled":
		return fmt.Errorf("no buffers %q", o.Buffers)
	case o.UpstreamConnections != "pooled" && o.UpstreamConnections != "fresh":
		return fmt.Errorf("no upstream connections %q", o.UpstreamConnections)
	case o.UpstreamConnections == "pooled" && o.IdleUpstreamConnections < 1:
		return fmt.Errorf("at least 1 idle upstream connection is needed, got %d", o.IdleUpstreamConnections)
	}
	if _, _, err := net.SplitHostPort(o.Upstream); err != nil {
		return fmt.Errorf("upstream: %w", err)
	}
	return nil
}

// proxy is what all connections share.
type proxy struct {
	options  Options
	counters *admin.Counters
	report   func(string)
	memory   *memory
	// served counts requests by who serves them; nil where nobody asks.
	served *atomic.Int64
}

func (p *proxy) fresh() bool { return p.options.UpstreamConnections == "fresh" }

// reportUpstream says what went wrong with the upstream.
func (p *proxy) reportUpstream(err error) {
	if p.report != nil {
		p.report("upstream " + p.options.Upstream + ": " + err.Error())
	}
}
