// Package stacks says where in its own process CPU goes, memory is allocated, locks are waited for and goroutines stand:
// whole call stacks by function, added up, for flame graphs.
//
//	http.HandleFunc("GET /stacks", stacks.Handler("outbound"))     // GET /stacks?kind=cpu&seconds=2
//
// Nothing runs while nobody asks. Each kind costs what it looks at: whoever takes one takes no other figure at the time.
package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Kind is what is looked at.
type Kind string

// The kinds. Values of CPU are ns of CPU time, of Allocations bytes, of Mutex ns that others waited for a lock, of Goroutines
// how many stood there on average.
const (
	CPU         Kind = "cpu"
	Allocations Kind = "allocations"
	Mutex       Kind = "mutex"
	Goroutines  Kind = "goroutines"
)

// Stack is one call stack with what was found in it.
type Stack struct {
	// Frames are places in Profile.Functions, the outermost first, those inlined into others included.
	Frames []int   `json:"frames"`
	Value  float64 `json:"value"`
	// Samples is how many observations the value is estimated from; the fewer, the less it means.
	Samples float64 `json:"samples"`
}

// Profile is what was found in all stacks.
type Profile struct {
	Kind Kind `json:"kind"`
	// Seconds is for how long it was looked.
	Seconds float64 `json:"seconds"`
	// Functions are the names that the stacks' frames stand for.
	Functions []string `json:"functions"`
	Stacks    []Stack  `json:"stacks"`
}

// folder adds stacks up that are of the same functions, whatever lines of them they were at.
type folder struct {
	places map[string]int
	names  []string
	byPath map[string]*Stack
}

func newFolder() *folder {
	return &folder{places: map[string]int{}, byPath: map[string]*Stack{}}
}

func (f *folder) place(function string) int {
	place, known := f.places[function]
	if !known {
		place = len(f.names)
		f.places[function] = place
		f.names = append(f.names, function)
	}
	return place
}

func (f *folder) add(sample *profile.Sample, value, samples float64) {
	if value == 0 && samples == 0 {
		return
	}
	frames := []int{}
	var path strings.Builder
	for _, location := range slices.Backward(sample.Location) {
		for _, line := range slices.Backward(location.Line) {
			if line.Function == nil {
				continue
			}
			place := f.place(withoutTypes(line.Function.Name))
			frames = append(frames, place)
			fmt.Fprintf(&path, "%d ", place)
		}
	}
	known := f.byPath[path.String()]
	if known == nil {
		known = &Stack{Frames: frames}
		f.byPath[path.String()] = known
	}
	known.Value += value
	known.Samples += samples
}

// into puts what was added up into the profile, in an order that does not depend on chance. What came to nothing or less,
// as a difference of two estimates can, is left out.
func (f *folder) into(found *Profile) {
	found.Functions, found.Stacks = f.names, []Stack{}
	if found.Functions == nil {
		found.Functions = []string{}
	}
	for _, stack := range f.byPath {
		if stack.Value > 0 {
			found.Stacks = append(found.Stacks, *stack)
		}
	}
	slices.SortFunc(found.Stacks, func(a, b Stack) int { return slices.Compare(a.Frames, b.Frames) })
}

// withoutTypes leaves out the type arguments of a generic function, which are longer than its name.
func withoutTypes(function string) string {
	name, types, generic := strings.Cut(function, "[")
	if !generic {
		return name
	}
	return name + "[…]" + types[strings.LastIndex(types, "]")+1:]
}
