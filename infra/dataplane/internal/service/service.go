// Package service is the program behind the mesh: it answers every request with a body of known size and content,
// and says in each answer how long it kept the request.
//
//	dataplane service --response-bytes 16384 --response-bytes-max 65536 --delay 5ms --fault-rate 0.001
//	dataplane service --protocol h2 --response-bytes 65536 --stream-chunks 16 --stream-interval 1ms
//	dataplane service --protocol grpc --response-bytes 1024
//	dataplane service --protocol raw --response-bytes 1024
//
// It shares a core with the load generator, so over HTTP/1 it is a fasthttp server with one body made beforehand, which
// costs a fraction of net/http's CPU for each request. HTTP/2 with prior knowledge is net/http, gRPC is grpc-go: what
// services are made of. Whatever a request's body is, it is read to its end; POST /echo has it sent back while it comes.
//
// X-Meshmark-Received-Ns is read when the handler is entered: the header has been read, and over gRPC the message too.
// X-Meshmark-Sent-Ns is read as the last thing before the answer's header goes out; fasthttp then writes header and body
// with one write, a microsecond or two later. Their difference, the residence time, holds the delay, any stall and,
// but for an echo, the request's body. A stream of gRPC messages has Sent in its trailers, read before the last message.
//
// A delay is a sleep of Go's timers, which may last up to about a millisecond longer than asked. Nothing spins to
// make it exact, because that CPU would be taken from the generator; the residence time says what the delay really was.
package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/clock"
	"meshmark/dataplane/internal/identity"
	"meshmark/dataplane/internal/serving"
)

// Options say what is answered.
type Options struct {
	ResponseBytes    int
	ResponseBytesMax int
	Delay            time.Duration
	FaultRate        float64
	Seed             uint64
	// Protocol is "http1", "h2", "h3", "grpc" or "raw".
	Protocol string
	// StreamChunks is into how many pieces a body is cut, or how many messages a stream has; 0 for no stream.
	StreamChunks   int
	StreamInterval time.Duration
	// Capacity is how many requests are served in a second, one after another; 0 for as many as come.
	Capacity float64
	// KeepRequests is of how many requests the times are kept, for who asks for them; 0 for none.
	KeepRequests int
	// Identity is the service's own, for h3.
	Identity identity.Files
}

func (o Options) validate() error {
	switch {
	case o.ResponseBytes < 0:
		return fmt.Errorf("--response-bytes must not be negative, got %d", o.ResponseBytes)
	case o.ResponseBytesMax != 0 && o.ResponseBytesMax < o.ResponseBytes:
		return fmt.Errorf("--response-bytes-max %d is below --response-bytes %d", o.ResponseBytesMax, o.ResponseBytes)
	case o.Delay < 0:
		return fmt.Errorf("--delay must not be negative, got %s", o.Delay)
	case !(o.FaultRate >= 0 && o.FaultRate <= 1):
		return fmt.Errorf("--fault-rate must lie between 0 and 1, got %g", o.FaultRate)
	case !(o.Capacity >= 0 && o.Capacity <= 1e6):
		return fmt.Errorf("--capacity must lie between 0 and 1,000,000 requests/s, got %g", o.Capacity)
	case o.KeepRequests < 0:
		return fmt.Errorf("--keep-requests must not be negative, got %d", o.KeepRequests)
	case !slices.Contains([]string{"http1", "h2", "h3", "grpc", "raw"}, o.Protocol):
		return fmt.Errorf("--protocol must be http1, h2, h3, grpc or raw, got %q", o.Protocol)
	case o.Protocol == "raw" && o.StreamChunks != 0:
		return errors.New("--stream-chunks has no meaning with --protocol raw")
	case o.Protocol == "h3" && (o.Identity.Certificate == "" || o.Identity.Key == "" || o.Identity.Authority == ""):
		return errors.New("--protocol h3 needs --certificate, --key and --ca: QUIC has no form without TLS")
	case o.StreamChunks < 0:
		return fmt.Errorf("--stream-chunks must not be negative, got %d", o.StreamChunks)
	case o.StreamInterval < 0:
		return fmt.Errorf("--stream-interval must not be negative, got %s", o.StreamInterval)
	case o.StreamInterval > 0 && o.StreamChunks == 0:
		return errors.New("--stream-interval needs --stream-chunks")
	case o.Protocol != "grpc" && o.StreamChunks > o.ResponseBytes:
		return fmt.Errorf("--stream-chunks %d needs --response-bytes of at least as much", o.StreamChunks)
	}
	return nil
}

// Main runs the service until SIGTERM and returns the process's exit code.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := serving.AddFlags(flags)
	var options Options
	flags.IntVar(&options.ResponseBytes, "response-bytes", 1024, "`bytes` of every answer's body")
	flags.IntVar(&options.ResponseBytesMax, "response-bytes-max", 0, "with it, bodies are uniform between the two")
	flags.DurationVar(&options.Delay, "delay", 0, "how long every request is kept")
	flags.Float64Var(&options.Capacity, "capacity", 0, "`requests` served in a second, one after another; 0 for as many as come")
	flags.Float64Var(&options.FaultRate, "fault-rate", 0, "`share` of requests answered with 503")
	flags.Uint64Var(&options.Seed, "seed", 1, "seed of sizes and faults")
	flags.StringVar(&options.Protocol, "protocol", "http1", "http1, h2 (with prior knowledge), h3, grpc, or raw: lengths and bytes")
	flags.IntVar(&options.StreamChunks, "stream-chunks", 0,
		"`pieces` that a body is written in, or messages of a gRPC stream; 0 for one")
	flags.DurationVar(&options.StreamInterval, "stream-interval", 0, "how long after one piece the next is written")
	flags.IntVar(&options.KeepRequests, "keep-requests", 0, "of how many requests the times are kept for POST /requests")
	flags.StringVar(&options.Identity.Certificate, "certificate", "", "PEM `file` of the service's certificate, for h3")
	flags.StringVar(&options.Identity.Key, "key", "", "PEM `file` of its key")
	flags.StringVar(&options.Identity.Authority, "ca", "", "PEM `file` of the authority that clients are checked against")
	if code, ok := serving.Parse(flags, args); !ok {
		return code
	}
	if err := options.validate(); err != nil {
		fmt.Fprintf(stderr, "dataplane service: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, listen, options, stdout); err != nil {
		fmt.Fprintf(stderr, "dataplane service: %v\n", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, listen *serving.Options, options Options, stdout io.Writer) error {
	service := newService(options)
	if options.Protocol == "h3" {
		return service.runH3(ctx, listen, stdout)
	}
	sockets, err := serving.Listen(ctx, listen, &service.counters.ConnectionsAccepted)
	if err != nil {
		return err
	}
	serve := map[string]func(net.Listener) error{
		"http1": service.serveHTTP1, "h2": service.serveH2, "grpc": service.serveGRPC, "raw": service.serveRaw,
	}[options.Protocol]
	counted := func(listener net.Listener) error {
		return serve(ownHostListener{listener, &service.counters})
	}
	return serving.Run(ctx, sockets, stdout, counted, service.admin())
}

// admin is what is answered on the admin port.
func (s *service) admin() *http.ServeMux {
	handler := admin.Handler("service", &s.counters)
	handler.HandleFunc("POST /stall", s.stall)
	if s.kept != nil {
		handler.HandleFunc("POST /requests", s.kept.handOver)
	}
	return handler
}

type service struct {
	options  Options
	body     []byte
	counters admin.Counters
	// kept is nil unless it was asked for.
	kept *keptRequests
	// queue is nil unless the capacity is bounded.
	queue *server
	// stalledUntilNs is the monotonic time before which nothing is answered.
	stalledUntilNs atomic.Int64
}

func newService(options Options) *service {
	made := &service{options: options, body: Pattern(max(options.ResponseBytes, options.ResponseBytesMax))}
	if options.KeepRequests > 0 {
		made.kept = newKeptRequests(options.KeepRequests)
	}
	if options.Capacity > 0 {
		made.queue = &server{serviceTime: time.Duration(1e9 / options.Capacity)}
	}
	return made
}

const (
	receivedHeader = "X-Meshmark-Received-Ns"
	sentHeader     = "X-Meshmark-Sent-Ns"
)

// request is what every protocol knows of a request that has come in.
type request struct {
	receivedNs int64
	serial     uint64
}

func (s *service) received() request {
	return request{receivedNs: clock.MonotonicNs(), serial: uint64(s.counters.Requests.Add(1))}
}

// sentNow is the time at which a request's answer is sent off; it adds the request's time to those that were served.
func (s *service) sentNow(r request) int64 {
	sentNs := clock.MonotonicNs()
	s.served(r, sentNs)
	return sentNs
}

func (s *service) served(r request, sentNs int64) {
	s.counters.TimedRequests.Add(1)
	s.counters.ServedNs.Add(sentNs - r.receivedNs)
	if s.kept != nil {
		s.kept.add(r.receivedNs, sentNs-r.receivedNs)
	}
}

// keep holds a request for the delay, its turn where the capacity is bounded, and any stall. It reports whether the request is one of those to be failed.
func (s *service) keep(r request) (fault bool) {
	if s.options.Delay > 0 {
		time.Sleep(s.options.Delay)
	}
	if s.queue != nil {
		s.queue.serve()
	}
	s.waitForStall()
	return s.options.FaultRate > 0 && s.uniform(2*r.serial) < s.options.FaultRate
}

// waitForStall sleeps until the stall is over, also when it was prolonged meanwhile.
func (s *service) waitForStall() {
	for {
		remaining := s.stalledUntilNs.Load() - clock.MonotonicNs()
		if remaining <= 0 {
			return
		}
		time.Sleep(time.Duration(remaining))
	}
}
