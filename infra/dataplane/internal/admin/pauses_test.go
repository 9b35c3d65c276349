package admin

import (
	"runtime"
	"testing"

	"meshmark/dataplane/internal/clock"
)

func TestTellsEachPauseOnceAtItsTime(t *testing.T) {
	if !clock.Shared {
		t.Skip("no clock is shared by the processes of this machine")
	}
	var reader pauseReader
	reader.read()
	before := clock.MonotonicNs() / 1000
	runtime.GC()
	runtime.GC()
	after := clock.MonotonicNs() / 1000
	recent := reader.read()
	if len(recent.Pauses) < 4 || recent.Lost != 0 {
		t.Fatalf("told %+v after two collections", recent)
	}
	for i := 0; i < len(recent.Pauses); i += 2 {
		if at, length := recent.Pauses[i], recent.Pauses[i+1]; at < before-50 || at > after+50 || length <= 0 {
			t.Errorf("a pause of %d ns at %d µs, between %d and %d", length, at, before, after)
		}
	}
	for range 300 {
		runtime.GC()
	}
	if recent := reader.read(); len(recent.Pauses) > 512 || recent.Lost+int64(len(recent.Pauses))/2 < 300 {
		t.Errorf("%d told and %d lost of 300", len(recent.Pauses)/2, recent.Lost)
	}
	if recent := reader.read(); len(recent.Pauses) > 2 {
		t.Errorf("told %d pauses again", len(recent.Pauses)/2)
	}
}
