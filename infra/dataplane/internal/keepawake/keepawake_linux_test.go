package keepawake_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/keepawake"
	"meshmark/dataplane/internal/oscpu"
)

const asLoop = "DATAPLANE_TEST_KEEP_AWAKE"

func TestMain(m *testing.M) {
	if os.Getenv(asLoop) != "" {
		os.Exit(keepawake.Main(nil, nil, nil, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestGivesWayToOrdinaryWork pins the loop and an ordinary busy thread to one core: the thread must get nearly all.
func TestGivesWayToOrdinaryWork(t *testing.T) {
	givesWay(t, false)
}

// TestGivesWayToOrdinaryWorkOfAnotherSession does the same as the harness starts it: the kernel may share cores out by session.
func TestGivesWayToOrdinaryWorkOfAnotherSession(t *testing.T) {
	givesWay(t, true)
}

func givesWay(t *testing.T, ownSession bool) {
	t.Helper()
	runtime.LockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	for cpu := range 1024 {
		if before.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.SchedSetaffinity(0, &before) })

	loop := exec.Command(os.Args[0])
	loop.Env = append(os.Environ(), asLoop+"=1")
	loop.SysProcAttr = &unix.SysProcAttr{Setsid: ownSession}
	if err := loop.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		loop.Process.Kill()
		loop.Wait()
	})
	time.Sleep(200 * time.Millisecond)

	alone, _ := oscpu.ProcessCPU(loop.Process.Pid)
	time.Sleep(300 * time.Millisecond)
	idle, _ := oscpu.ProcessCPU(loop.Process.Pid)
	if idle-alone < 30e6 {
		t.Fatalf("the loop ran for only %d ns of 300 ms in which the core had nothing else", idle-alone)
	}
	own := threadCPU(t)
	for end := own + 200e6; own < end; own = threadCPU(t) {
	}
	beside, _ := oscpu.ProcessCPU(loop.Process.Pid)
	// Other programs may use the core too; the loop must not have more than a sliver beside 200 ms of ours.
	if beside-idle > 20e6 {
		t.Fatalf("the loop took %d ns beside 200 ms of ordinary work", beside-idle)
	}
}

func threadCPU(t *testing.T) int64 {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano()
}
