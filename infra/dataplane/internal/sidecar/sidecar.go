// Package sidecar is one half of a hop through a service mesh: it listens beside the client (outbound) or beside the
// service (inbound) and forwards to one upstream.
//
//	dataplane sidecar --role outbound --upstream 127.0.0.1:41234 --protocol http1 --buffers pooled
//
// With http1 it is net/http's server, httputil.ReverseProxy and one http.Transport, as people first write a proxy in
// Go, but with enough idle upstream connections. With tcp it is a goroutine for each direction of a connection, each
// of which reads into a 32 KiB buffer and writes it out.
//
// fresh and pooled differ in nothing but where copy buffers come from. The counters that prove it are the same code in
// both. In tcp neither mode may splice: the copy is a loop of Read and Write of its own, because io.Copy would hand
// the work to the kernel by way of ReaderFrom and WriterTo and leave its buffer unused, in both modes. That makes both
// dearer for large payloads than a proxy that splices.
package sidecar

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os/signal"
	"syscall"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/serving"
)

// Options say what one half of a hop does.
type Options struct {
	// Role is "outbound" or "inbound"; it only names the process.
	Role     string
	Upstream string
	// Protocol is "http1" or "tcp".
	Protocol string
	// Buffers is "fresh" or "pooled".
	Buffers string
	// IdleUpstreamConnections are kept open for reuse (http1).
	IdleUpstreamConnections int
	// Burn is the CPU time wasted for each request (http1), for tests of the harness.
	Burn time.Duration
}

func (o Options) validate() error {
	switch {
	case o.Role != "outbound" && o.Role != "inbound":
		return fmt.Errorf("--role must be outbound or inbound, got %q", o.Role)
	case o.Protocol != "http1" && o.Protocol != "tcp":
		return fmt.Errorf("--protocol must be http1 or tcp, got %q", o.Protocol)
	case o.Buffers != "fresh" && o.Buffers != "pooled":
		return fmt.Errorf("--buffers must be fresh or pooled, got %q", o.Buffers)
	case o.IdleUpstreamConnections < 1:
		return fmt.Errorf("--idle-upstream-connections must be at least 1, got %d", o.IdleUpstreamConnections)
	case o.Burn < 0:
		return fmt.Errorf("--burn-micros must not be negative")
	case o.Burn > 0 && o.Protocol == "tcp":
		return fmt.Errorf("--burn-micros needs --protocol http1: tcp sees no requests")
	}
	if _, _, err := net.SplitHostPort(o.Upstream); err != nil {
		return fmt.Errorf("--upstream must be host:port: %w", err)
	}
	return nil
}

// Main runs the sidecar until SIGTERM and returns the process's exit code.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sidecar", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := serving.AddFlags(flags)
	var options Options
	flags.StringVar(&options.Role, "role", "outbound", "outbound or inbound")
	flags.StringVar(&options.Upstream, "upstream", "", "`host:port` to forward to")
	flags.StringVar(&options.Protocol, "protocol", "http1", "http1 or tcp")
	flags.StringVar(&options.Buffers, "buffers", "fresh", "fresh or pooled copy buffers")
	flags.IntVar(&options.IdleUpstreamConnections, "idle-upstream-connections", 64, "upstream connections kept for reuse")
	burnMicros := flags.Float64("burn-micros", 0, "for tests: `microseconds` of CPU to burn for each request")
	if code, ok := serving.Parse(flags, args); !ok {
		return code
	}
	options.Burn = time.Duration(math.Round(*burnMicros * 1000))
	if err := options.validate(); err != nil {
		fmt.Fprintf(stderr, "dataplane sidecar: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, listen, options, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "dataplane sidecar: %v\n", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, listen *serving.Options, options Options, stdout, stderr io.Writer) error {
	counters := &admin.Counters{}
	sockets, err := serving.Listen(ctx, listen, &counters.ConnectionsAccepted)
	if err != nil {
		return err
	}
	if options.Burn > 0 {
		burnCPU(options.Burn) // The first one calibrates itself, which no request should pay for.
		fmt.Fprintf(stderr, "dataplane sidecar: burning %s of CPU for each request\n", options.Burn)
	}
	faults := newFaultLog(stderr)
	defer faults.summarise()
	dial := countedDialer(counters)
	serve := func(listener net.Listener) error { return serveHTTP1(listener, options, dial, counters, faults) }
	if options.Protocol == "tcp" {
		serve = func(listener net.Listener) error { return serveTCP(ctx, listener, options, dial, counters, faults) }
	}
	return serving.Run(ctx, sockets, stdout, serve, admin.Handler(options.Role, counters))
}

// dialer opens a connection to the upstream.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// dialLimit is short: both ends are on one machine or in one cluster.
const dialLimit = 5 * time.Second

// countedDialer counts every attempt, also one that fails.
func countedDialer(counters *admin.Counters) dialer {
	plain := &net.Dialer{Timeout: dialLimit}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		counters.UpstreamDials.Add(1)
		return plain.DialContext(ctx, network, address)
	}
}
