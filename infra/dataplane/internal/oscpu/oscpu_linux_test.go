package oscpu

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// burnVariable turns this test binary into a child that uses CPU on two threads, one of which exits early.
const burnVariable = "OSCPU_TEST_BURN"

func TestMain(m *testing.M) {
	if os.Getenv(burnVariable) != "" {
		burnAndWait()
	}
	os.Exit(m.Run())
}

func burnAndWait() {
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		runtime.LockOSThread() // Its thread ends with it.
		spinUntil(200 * time.Millisecond)
	}()
	<-exited
	spinUntil(400 * time.Millisecond)
	os.Stdout.WriteString("burnt\n")
	// Stay, so that the clock of a living process is what is read.
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

// spinUntil works until the process has used so much CPU, however busy the machine is.
func spinUntil(used time.Duration) {
	for {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		if time.Duration(usage.Utime.Nano()+usage.Stime.Nano()) >= used {
			return
		}
	}
}

func startBurner(t *testing.T) (child *exec.Cmd, release func()) {
	t.Helper()
	child = exec.Command(os.Args[0])
	child.Env = append(os.Environ(), burnVariable+"=1")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	})
	if _, err := stdout.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	return child, func() { _ = stdin.Close() }
}

func TestProcessCPUAgreesWithTheKernelsAccountOfAChild(t *testing.T) {
	child, release := startBurner(t)
	clock, ok := ProcessCPU(child.Process.Pid)
	if !ok {
		t.Fatal("the CPU clock of a living child cannot be read")
	}
	times, ok := Stat(child.Process.Pid)
	if !ok {
		t.Fatal("the stat of a living child cannot be read")
	}
	release()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	usage := child.ProcessState.SysUsage().(*syscall.Rusage)
	truth := float64(usage.Utime.Nano() + usage.Stime.Nano())
	if off := math.Abs(float64(clock)-truth) / truth; off > 0.1 {
		t.Errorf("clock %d ns, getrusage %.0f ns: %.0f %% apart", clock, truth, 100*off)
	}
	micros := float64(times.UserMicros + times.SystemMicros)
	// Each of the two parts is cut to whole ticks; the rest is what the child used to end.
	if off := math.Abs(micros*1000 - truth); off > float64(2*tickMicros()*1000)+0.1*truth {
		t.Errorf("stat %.0f µs, getrusage %.0f ns", micros, truth)
	}
}

func TestNothingIsReadOfAProcessThatIsGone(t *testing.T) {
	child, release := startBurner(t)
	release()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	pid := child.Process.Pid
	if ns, ok := ProcessCPU(pid); ok {
		t.Errorf("clock of a dead process reads %d", ns)
	}
	if _, ok := Stat(pid); ok {
		t.Error("stat of a dead process is readable")
	}
	if _, ok := Switches(pid); ok {
		t.Error("switches of a dead process are readable")
	}
	if _, ok := MemoryOf(pid); ok {
		t.Error("memory of a dead process is readable")
	}
	for _, impossible := range []int{-1, 0, 1 << 30} {
		if _, ok := ProcessCPU(impossible); ok {
			t.Errorf("pid %d has a clock", impossible)
		}
	}
}

func TestSwitchesGrowWhileAProcessSleeps(t *testing.T) {
	before, ok := Switches(os.Getpid())
	if !ok {
		t.Fatal("own switches cannot be read")
	}
	for range 20 {
		time.Sleep(2 * time.Millisecond)
	}
	after, _ := Switches(os.Getpid())
	if grown := after.Voluntary - before.Voluntary; grown < 10 {
		t.Errorf("20 sleeps made %d voluntary switches", grown)
	}
}

func TestMemoryPeakIsAtLeastWhatIsResident(t *testing.T) {
	memory, ok := MemoryOf(os.Getpid())
	if !ok || memory.RSSBytes < 1<<20 || memory.RSSPeakBytes < memory.RSSBytes {
		t.Errorf("memory %+v, ok %v", memory, ok)
	}
}

func TestStatSurvivesANameWithParentheses(t *testing.T) {
	times, ok := parseStat([]byte("7 (a) b (c)) S 1 7 7 0 -1 4194304 1 0 0 0 12 34 0 0 20 0 1 0 5\n"))
	if !ok || times != (Times{UserMicros: 12 * tickMicros(), SystemMicros: 34 * tickMicros()}) {
		t.Errorf("parsed %+v, ok %v", times, ok)
	}
	if _, ok := parseStat([]byte("7 (short) S 1")); ok {
		t.Error("a truncated stat was accepted")
	}
}

func TestCoresKeepInterruptAndStealTimeApart(t *testing.T) {
	cores := parseCores([]byte("cpu  1 1 1 1 1 1 1 1 0 0\ncpu1 1 2 3 4 5 6 7 8 9 9\nintr 5 0 0\n"))
	tick := tickMicros()
	want := Core{
		CPU: 1, UserMicros: 3 * tick, SystemMicros: 3 * tick, IdleMicros: 9 * tick,
		IRQMicros: 6 * tick, SoftirqMicros: 7 * tick, StealMicros: 8 * tick,
	}
	if len(cores) != 1 || cores[0] != want {
		t.Errorf("parsed %+v", cores)
	}
	if real, ok := Cores(); !ok || len(real) == 0 {
		t.Error("this machine's cores cannot be read")
	}
}
