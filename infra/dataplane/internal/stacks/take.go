package stacks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/google/pprof/profile"
)

// ErrBusy says that the process is being looked at already.
var ErrBusy = errors.New("another profile is being taken")

// ErrUnknownKind says that there is no such kind.
var ErrUnknownKind = errors.New("kind must be cpu, allocations, mutex or goroutines")

const (
	// allocationRate is the mean number of bytes between two samples of allocations while they are looked at. Go's own, 512
	// KiB, leaves a dozen samples of a second of ordinary traffic.
	allocationRate = 16 * 1024
	// goroutineLooks is how often goroutines are looked at in the time. Each stops the world for some tens of microseconds.
	goroutineLooks = 8
)

// one is held while a profile is being taken: the runtime's settings are the process's.
var one sync.Mutex

// Take looks at this process for that long, or until ctx is done.
func Take(ctx context.Context, kind Kind, duration time.Duration) (Profile, error) {
	takers := map[Kind]func(context.Context, time.Duration, *folder) error{
		CPU: takeCPU, Allocations: takeAllocations, Mutex: takeMutex, Goroutines: takeGoroutines,
	}
	take := takers[kind]
	if take == nil {
		return Profile{}, ErrUnknownKind
	}
	if !one.TryLock() {
		return Profile{}, ErrBusy
	}
	defer one.Unlock()
	found, folded := Profile{Kind: kind}, newFolder()
	began := time.Now()
	if err := take(ctx, duration, folded); err != nil {
		return Profile{}, err
	}
	// Stopping and reading take a little longer, in which nothing is looked at.
	found.Seconds = min(time.Since(began).Seconds(), duration.Seconds())
	folded.into(&found)
	return found, nil
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

func takeCPU(ctx context.Context, duration time.Duration, folded *folder) error {
	var encoded bytes.Buffer
	if err := pprof.StartCPUProfile(&encoded); err != nil {
		return ErrBusy
	}
	err := sleep(ctx, duration)
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	parsed, err := parse(&encoded)
	if err != nil {
		return err
	}
	// By runtime/pprof the values are a count and nanoseconds.
	for _, sample := range parsed.Sample {
		folded.add(sample, float64(sample.Value[1]), float64(sample.Value[0]))
	}
	return nil
}

// takeAllocations has what was allocated between two collections, each of which makes everything before it known.
func takeAllocations(ctx context.Context, duration time.Duration, folded *folder) error {
	usual := runtime.MemProfileRate
	runtime.MemProfileRate = allocationRate
	defer func() { runtime.MemProfileRate = usual }()
	// Both are scaled by the rate that is in force, so that of their difference, which was all sampled at it, every byte is right.
	return difference(ctx, duration, func() (*profile.Profile, error) {
		// Makes everything that was allocated before it known.
		runtime.GC()
		return snapshot("allocs")
	}, func(sign float64, samples []*profile.Sample) {
		for _, sample := range samples {
			objects, size := float64(sample.Value[0]), float64(sample.Value[1])
			if objects > 0 {
				// A sample stands for 1/p objects of its size, with p the chance that one of them is sampled.
				chance := 1 - math.Exp(-size/objects/allocationRate)
				folded.add(sample, sign*size, sign*math.Round(objects*chance))
			}
		}
	})
}

// takeMutex has how long others waited for locks, by the stacks that let go of them.
func takeMutex(ctx context.Context, duration time.Duration, folded *folder) error {
	usual := runtime.SetMutexProfileFraction(1)
	defer runtime.SetMutexProfileFraction(usual)
	return difference(ctx, duration, func() (*profile.Profile, error) {
		return snapshot("mutex")
	}, func(sign float64, samples []*profile.Sample) {
		for _, sample := range samples {
			folded.add(sample, sign*float64(sample.Value[1]), sign*float64(sample.Value[0]))
		}
	})
}

// difference adds what there is after the time, with the sign 1, and what there was before it, with -1.
func difference(ctx context.Context, duration time.Duration, take func() (*profile.Profile, error), add func(sign float64, samples []*profile.Sample)) error {
	before, err := take()
	if err != nil {
		return err
	}
	if err := sleep(ctx, duration); err != nil {
		return err
	}
	after, err := take()
	if err != nil {
		return err
	}
	add(-1, before.Sample)
	add(1, after.Sample)
	return nil
}

func takeGoroutines(ctx context.Context, duration time.Duration, folded *folder) error {
	for range goroutineLooks {
		if err := sleep(ctx, duration/goroutineLooks); err != nil {
			return err
		}
		parsed, err := snapshot("goroutine")
		if err != nil {
			return err
		}
		for _, sample := range parsed.Sample {
			folded.add(sample, float64(sample.Value[0])/goroutineLooks, float64(sample.Value[0]))
		}
	}
	return nil
}

func snapshot(name string) (*profile.Profile, error) {
	var encoded bytes.Buffer
	if err := pprof.Lookup(name).WriteTo(&encoded, 0); err != nil {
		return nil, fmt.Errorf("take the profile: %w", err)
	}
	return parse(&encoded)
}

func parse(encoded *bytes.Buffer) (*profile.Profile, error) {
	parsed, err := profile.Parse(encoded)
	if err != nil {
		return nil, fmt.Errorf("parse the profile: %w", err)
	}
	return parsed, nil
}
