// Package cpushares takes a CPU profile of its own process and says what share of it went into which kind of
// cryptography. From that follows how much a device for cryptography could save at most.
//
//	http.HandleFunc("GET /cpu-shares", cpushares.Handler("outbound"))     // GET /cpu-shares?seconds=2
//
// Nothing runs while nobody asks. Taking a profile costs what it measures about 1 % and its parsing some milliseconds
// afterwards, so that whoever takes one takes no other figure at the time.
package cpushares

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"meshmark/dataplane/internal/oscpu"
)

// topFunctions is how many functions of each category are named.
const topFunctions = 5

// Shares is what a profile showed.
type Shares struct {
	// Seconds is how long the profile was taken.
	Seconds float64 `json:"seconds"`
	// PeriodNs is the CPU time between two samples of a thread: the profiler's rate upside down.
	PeriodNs int64 `json:"periodNs"`
	Samples  int64 `json:"samples"`
	// ProfiledCPUNs is the CPU time that the samples stand for, ProcessCPUNs what the process's own clock counted
	// meanwhile: the same, unless the profiler missed some. It is nil where that clock cannot be read.
	ProfiledCPUNs int64                 `json:"profiledCpuNs"`
	ProcessCPUNs  *int64                `json:"processCpuNs"`
	Categories    map[Category]CPUShare `json:"categories"`
}

// CPUShare is one category's part.
type CPUShare struct {
	Samples int64 `json:"samples"`
	CPUNs   int64 `json:"cpuNs"`
	// Top are the innermost functions with the most samples, by name, at most 5.
	Top []FunctionShare `json:"top"`
}

// FunctionShare is how often a function was found running.
type FunctionShare struct {
	Function string `json:"function"`
	Samples  int64  `json:"samples"`
}

// ErrBusy says that the process is being profiled already.
var ErrBusy = errors.New("another CPU profile is being taken")

// Take profiles this process for that long, or until ctx is done.
func Take(ctx context.Context, duration time.Duration) (Shares, error) {
	var encoded bytes.Buffer
	if err := pprof.StartCPUProfile(&encoded); err != nil {
		return Shares{}, ErrBusy
	}
	began := time.Now()
	before, readable := oscpu.ProcessCPU(os.Getpid())
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
	after, _ := oscpu.ProcessCPU(os.Getpid())
	took := time.Since(began)
	pprof.StopCPUProfile()
	if err := ctx.Err(); err != nil {
		return Shares{}, err
	}
	parsed, err := profile.Parse(&encoded)
	if err != nil {
		return Shares{}, fmt.Errorf("parse the profile: %w", err)
	}
	shares := sharesOf(parsed)
	shares.Seconds = took.Seconds()
	if readable {
		used := after - before
		shares.ProcessCPUNs = &used
	}
	return shares, nil
}

// sharesOf adds the samples of a CPU profile up by category. Their values are a count and nanoseconds, by runtime/pprof.
func sharesOf(parsed *profile.Profile) Shares {
	shares := Shares{PeriodNs: parsed.Period, Categories: map[Category]CPUShare{}}
	leaves := map[Category]map[string]int64{}
	for _, category := range Categories {
		leaves[category] = map[string]int64{}
	}
	for _, sample := range parsed.Sample {
		frames := framesOf(sample)
		category := Classify(frames)
		count, cpuNs := sample.Value[0], sample.Value[1]
		shares.Samples += count
		shares.ProfiledCPUNs += cpuNs
		own := shares.Categories[category]
		own.Samples += count
		own.CPUNs += cpuNs
		shares.Categories[category] = own
		if len(frames) > 0 {
			leaves[category][withoutTypes(frames[0])] += count
		}
	}
	for _, category := range Categories {
		own := shares.Categories[category]
		own.Top = top(leaves[category])
		shares.Categories[category] = own
	}
	return shares
}

// framesOf names the functions of a stack, the innermost first, those inlined into others included.
func framesOf(sample *profile.Sample) []string {
	var frames []string
	for _, location := range sample.Location {
		for _, line := range location.Line {
			if line.Function != nil {
				frames = append(frames, line.Function.Name)
			}
		}
	}
	return frames
}

// withoutTypes leaves out the type arguments of a generic function, which are longer than its name.
func withoutTypes(function string) string {
	name, types, generic := strings.Cut(function, "[")
	if !generic {
		return name
	}
	return name + "[…]" + types[strings.LastIndex(types, "]")+1:]
}

func top(counts map[string]int64) []FunctionShare {
	all := make([]FunctionShare, 0, len(counts))
	for function, samples := range counts {
		all = append(all, FunctionShare{function, samples})
	}
	slices.SortFunc(all, func(a, b FunctionShare) int {
		if a.Samples != b.Samples {
			return int(b.Samples - a.Samples)
		}
		return strings.Compare(a.Function, b.Function)
	})
	return all[:min(len(all), topFunctions)]
}
