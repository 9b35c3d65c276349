package wire

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A wire that ran in a real-time class hung here: a thread of Go's runtime spun for a lock that another held, and the
// only core was never given to that one.
func TestWireStandsOnASingleCore(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	for core := range 1024 {
		if allowed.IsSet(core) {
			one.Set(core)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &allowed) }()
	for range 3 {
		w := startWire(t, "--delay", "1ms")
		if _, code := w.stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}
