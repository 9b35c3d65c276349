package loadgen

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/service"
)

// serviceVariable turns this test binary into a cheap service, so that a benchmark's CPU clock sees the generator alone.
const serviceVariable = "LOADGEN_TEST_SERVICE"

func TestMain(m *testing.M) {
	if os.Getenv(serviceVariable) != "" {
		serveUntilStdinEnds()
	}
	processtest.Main(m, service.Main)
}

func serveUntilStdinEnds() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	body := make([]byte, 128)
	go func() {
		_ = fasthttp.Serve(listener, func(ctx *fasthttp.RequestCtx) { ctx.SetBody(body) })
	}()
	fmt.Println(listener.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

func startService(tb testing.TB) (address string) {
	tb.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), serviceVariable+"=1")
	stdin, err := child.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := child.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = child.Wait()
	})
	line := make([]byte, 64)
	n, err := stdout.Read(line)
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n]))
}

// BenchmarkCost reports what a request costs the generator and how late it is sent. Pin it to see one core shared with
// the service: taskset -c 0 go test -run - -bench Cost ./internal/loadgen
func BenchmarkCost(b *testing.B) {
	address := startService(b)
	for _, spec := range []sliceSpec{
		{Target: "t", Model: modelClosed, DurationMs: 2000, WarmupMs: 200},
		{Target: "t", Model: modelOpen, RatePerSecond: 2000, Arrivals: arrivalsPoisson, Seed: 1, DurationMs: 2000, WarmupMs: 200},
		{Target: "t", Model: modelOpen, RatePerSecond: 10_000, Arrivals: arrivalsPoisson, Seed: 1, DurationMs: 2000, WarmupMs: 200},
	} {
		b.Run(fmt.Sprintf("%s-%.0f", spec.Model, spec.RatePerSecond), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processorsFor()))
			for b.Loop() {
				t, err := newTarget(targetSpec{ID: "t", Address: address, Connections: 32, TimeoutMs: 2000}, nil)
				if err != nil {
					b.Fatal(err)
				}
				r := newRun(newClock(), t, spec, &recorder{})
				r.execute()
				t.closeAll()
				if r.rec.errors != (errorCounts{}) || r.failure() != nil {
					b.Fatalf("errors %+v", r.rec.errors)
				}
				own := r.edges[len(r.edges)-1]
				seconds := float64(r.endedAt-r.startedAt) / 1e9
				b.ReportMetric(float64(r.rec.requests)/seconds, "requests/s")
				if own.StartNs != nil && own.EndNs != nil {
					b.ReportMetric(float64(*own.EndNs-*own.StartNs)/1e3/float64(r.rec.requests), "CPU-µs/request")
				}
				if spec.Model == modelOpen {
					var encoder histogramEncoder
					lag := decode(b, encoder.encode(&r.rec.sendLag))
					b.ReportMetric(float64(lag.ValueAtQuantile(50))/1e3, "lag-p50-µs")
					b.ReportMetric(float64(lag.ValueAtQuantile(99))/1e3, "lag-p99-µs")
					b.ReportMetric(float64(lag.Max())/1e3, "lag-max-µs")
					b.ReportMetric(float64(r.connectionWaits), "waits")
				}
			}
		})
	}
}

// BenchmarkEncode is what one histogram of a slice costs between slices.
func BenchmarkEncode(b *testing.B) {
	h := &histogram{}
	for i := range int64(300) {
		h.record(100_000 + i*i*37)
	}
	var encoder histogramEncoder
	b.ReportAllocs()
	for b.Loop() {
		encoder.encode(h)
	}
}
