// Package sidecar is one half of a hop through a service mesh: it listens beside the client (outbound) or beside the
// service (inbound) and forwards to one upstream.
//
//	dataplane sidecar --role outbound --upstream 127.0.0.1:41234 --listen-protocol http1 --buffers pooled
//
// With http1 it is net/http's server, httputil.ReverseProxy and one http.Transport, as people first write a proxy in
// Go, but with enough idle upstream connections. With tcp it is a goroutine for each direction of a connection, each
// of which reads into a 32 KiB buffer and writes it out.
//
// fresh and pooled differ in nothing but where copy buffers come from. The counters that prove it are the same code in
// both. In tcp neither mode may splice: the copy is a loop of Read and Write of its own, because io.Copy would hand
// the work to the kernel by way of ReaderFrom and WriterTo and leave its buffer unused, in both modes. That makes both
// dearer for large payloads than a proxy that splices. With --forwarding sockmap the kernel forwards instead, and
// buffers are used for what it leaves over (package sockmap).
package sidecar

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os/signal"
	"syscall"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/original"
	"meshmark/dataplane/internal/serving"
)

// Main runs the sidecar until SIGTERM and returns the process's exit code.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sidecar", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := serving.AddFlags(flags)
	var options Options
	complete := addFlags(flags, &options)
	if code, ok := serving.Parse(flags, args); !ok {
		return code
	}
	complete()
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
	own, err := loadIdentity(options)
	if err != nil {
		return err
	}
	if options.Burn > 0 {
		burnCPU(options.Burn) // The first one calibrates itself, which no request should pay for.
		fmt.Fprintf(stderr, "dataplane sidecar: burning %s of CPU for each request\n", options.Burn)
	}
	faults := newFaultLog(stderr)
	defer faults.summarise()
	engine, err := newEngine(ctx, options, own, counters, faults)
	defer engine.close()
	if err != nil {
		return err
	}
	var sockets serving.Sockets
	if options.ListenProtocol == "h3" {
		sockets, err = serving.ListenPackets(ctx, listen)
	} else {
		sockets, err = serving.Listen(ctx, listen, &counters.ConnectionsAccepted)
	}
	if err != nil {
		return err
	}
	if options.Intercepted {
		sockets.Traffic = original.Counted(sockets.Traffic, counters)
	}
	if err := engine.prepare(sockets); err != nil {
		sockets.Close()
		return err
	}
	handler := admin.Handler(options.Role, counters)
	if engine.routes != nil {
		handler.HandleFunc("GET /routes", engine.routes)
	}
	return serving.Run(ctx, sockets, stdout, func(net.Listener) error { return engine.serve(sockets) }, handler)
}

// dialer opens a connection to the upstream.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// dialLimit is short: both ends are on one machine or in one cluster.
const dialLimit = 5 * time.Second

// countedDialer counts every attempt, also one that fails. through, if not nil, makes the dialer that does the work.
func countedDialer(
	counters *admin.Counters, through func(net.Dialer) func(context.Context, string, string) (net.Conn, error),
) dialer {
	plain := net.Dialer{Timeout: dialLimit}
	dial := plain.DialContext
	if through != nil {
		dial = through(plain)
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		counters.UpstreamDials.Add(1)
		return dial(ctx, network, address)
	}
}
