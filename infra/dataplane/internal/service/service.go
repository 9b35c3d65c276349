// Package service is the program behind the mesh: it answers every request with a body of known size and content,
// and says in each answer how long it kept the request.
//
//	dataplane service --response-bytes 16384 --response-bytes-max 65536 --delay 5ms --fault-rate 0.001
//
// It shares a core with the load generator, so it is a fasthttp server with one body made beforehand, which costs a
// fraction of net/http's CPU for each request.
//
// X-Meshmark-Received-Ns is read when the handler is entered: the header has been read, and so has the request's body
// where there is one. X-Meshmark-Sent-Ns is read as the last thing the handler does; fasthttp then writes header and
// body with one write, a microsecond or two later. Their difference, the residence time, holds the delay and any stall.
//
// A delay is a sleep of Go's timers, which may last up to about a millisecond longer than asked. Nothing spins to
// make it exact, because that CPU would be taken from the generator; the residence time says what the delay really was.
package service

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/clock"
	"meshmark/dataplane/internal/serving"
)

// Options say what is answered.
type Options struct {
	ResponseBytes    int
	ResponseBytesMax int
	Delay            time.Duration
	FaultRate        float64
	Seed             uint64
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
	flags.Float64Var(&options.FaultRate, "fault-rate", 0, "`share` of requests answered with 503")
	flags.Uint64Var(&options.Seed, "seed", 1, "seed of sizes and faults")
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
	sockets, err := serving.Listen(ctx, listen, &service.counters.ConnectionsAccepted)
	if err != nil {
		return err
	}
	server := &fasthttp.Server{
		Handler:               service.answer,
		NoDefaultServerHeader: true,
		NoDefaultContentType:  true,
		// As many connections as there are sidecars to test; the default would refuse beyond 262,144.
		Concurrency:  1 << 20,
		LogAllErrors: false,
		Logger:       silent{},
	}
	handler := admin.Handler("service", &service.counters)
	handler.HandleFunc("POST /stall", service.stall)
	return serving.Run(ctx, sockets, stdout, func(l net.Listener) error { return server.Serve(l) }, handler)
}

// silent drops what fasthttp says about clients that close their connections, which ends every slice of load.
type silent struct{}

func (silent) Printf(string, ...any) {}

type service struct {
	options  Options
	body     []byte
	counters admin.Counters
	// stalledUntilNs is the monotonic time before which nothing is answered.
	stalledUntilNs atomic.Int64
}

func newService(options Options) *service {
	return &service{options: options, body: Pattern(max(options.ResponseBytes, options.ResponseBytesMax))}
}

// Pattern is the body of an answer of that size: the alphabet over and over.
func Pattern(size int) []byte {
	body := make([]byte, size)
	for index := range body {
		body[index] = 'a' + byte(index%26)
	}
	return body
}

func (s *service) answer(request *fasthttp.RequestCtx) {
	receivedNs := clock.MonotonicNs()
	serial := uint64(s.counters.Requests.Add(1))
	if s.options.Delay > 0 {
		time.Sleep(s.options.Delay)
	}
	s.waitForStall()
	request.SetContentType("application/octet-stream")
	if s.options.FaultRate > 0 && s.uniform(2*serial) < s.options.FaultRate {
		request.SetStatusCode(fasthttp.StatusServiceUnavailable)
	} else {
		request.Response.SetBodyRaw(s.body[:s.size(serial)])
	}
	var digits [20]byte
	header := &request.Response.Header
	header.SetBytesV("X-Meshmark-Received-Ns", strconv.AppendInt(digits[:0], receivedNs, 10))
	header.SetBytesV("X-Meshmark-Sent-Ns", strconv.AppendInt(digits[:0], clock.MonotonicNs(), 10))
}

func (s *service) size(serial uint64) int {
	least, most := s.options.ResponseBytes, s.options.ResponseBytesMax
	if most <= least {
		return least
	}
	return least + int(s.uniform(2*serial+1)*float64(most-least+1))
}

// uniform is a number in [0, 1) that depends on the seed and n alone, so that requests share no generator and no lock.
// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 17).
func (s *service) uniform(n uint64) float64 {
	z := (s.options.Seed<<32 + n) * 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) / (1 << 53)
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
