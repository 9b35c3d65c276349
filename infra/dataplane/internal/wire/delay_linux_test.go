package wire

import (
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tolerance is how much longer than the delay the median way there and back may take, beside the time that this
// machine takes to wake the threads on its way.
const tolerance = 500 * time.Microsecond

func medianOf(durations []time.Duration) time.Duration {
	slices.Sort(durations)
	return durations[len(durations)/2]
}

// ahead runs a function as the wire's own threads run, so that what it times is the wire and not how busy the machine is.
func ahead(function func()) {
	done := make(chan struct{})
	onOwnThread(func() {
		defer close(done)
		runAhead()
		function()
	})
	<-done
}

// timeConnects is the median time of 21 TCP connects, each one way there and back.
func timeConnects(t *testing.T, address string) time.Duration {
	t.Helper()
	target := netip.MustParseAddrPort(address)
	to := &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: int(target.Port())}
	var took []time.Duration
	ahead(func() {
		for range 21 {
			socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Error(err)
				return
			}
			before := time.Now()
			err = unix.Connect(socket, to)
			took = append(took, time.Since(before))
			unix.Close(socket)
			if err != nil {
				t.Error(err)
			}
		}
	})
	return medianOf(took)
}

// timeEchoes is the median time of 21 UDP packets there and back, one after another.
func timeEchoes(t *testing.T, w *wireProcess) time.Duration {
	t.Helper()
	var far, port int
	w.inFar(func() (err error) {
		far, port, err = udpSocket(netip.MustParseAddr(w.BAddress))
		return err
	})
	ended := startEcho(far)
	near, _, err := udpSocket(netip.MustParseAddr(w.AAddress))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(near)
	if err := unix.Connect(near, &unix.SockaddrInet4{Addr: netip.MustParseAddr(w.BAddress).As4(), Port: port}); err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	packet := make([]byte, 100)
	ahead(func() {
		for range 21 {
			before := time.Now()
			_, writeErr := unix.Write(near, packet)
			size, err := receive(t.Context(), near, 5*time.Second, packet)
			took = append(took, time.Since(before))
			if writeErr != nil || err != nil || size != len(packet) {
				t.Errorf("%d bytes came back (%v, %v)", size, writeErr, err)
			}
		}
	})
	_, _ = unix.Write(near, nil)
	<-ended
	return medianOf(took)
}

// timeWakes is the median time from a timer's end to the thread that slept so long, which no wire is to blame for: tens
// of microseconds, or 0.2 ms on an idle virtual machine.
func timeWakes(t *testing.T, sleep time.Duration) time.Duration {
	t.Helper()
	var took []time.Duration
	ahead(func() {
		timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
		if err != nil {
			t.Error(err)
			return
		}
		defer unix.Close(timer)
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(sleep.Nanoseconds())}
		for range 21 {
			before := time.Now()
			if err := unix.TimerfdSettime(timer, 0, &spec, nil); err != nil {
				t.Error(err)
			}
			_, _ = unix.Read(timer, make([]byte, 8))
			took = append(took, time.Since(before)-sleep)
		}
	})
	return medianOf(took)
}

func TestRoundTripIsTwiceTheDelay(t *testing.T) {
	for name, test := range map[string]struct {
		args  []string
		delay time.Duration
	}{
		"tun without delay": {[]string{"--delay", "0"}, 0},
		"tun 1 ms":          {[]string{"--delay", "1ms"}, time.Millisecond},
		"tun 10 ms":         {[]string{"--delay", "10ms"}, 10 * time.Millisecond},
		"tun 50 ms":         {[]string{"--delay", "50ms"}, 50 * time.Millisecond},
		"veth":              {[]string{"--kind", "veth"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWire(t, test.args...)
			address := w.listenFar(func(net.Conn) {})
			// On its way there and back a packet has the wire woken twice to take it, twice to hand it on, and its sender once.
			limit := 2*test.delay + tolerance + 5*timeWakes(t, max(test.delay, time.Millisecond))
			announced := time.Duration(w.RoundTripMicros.Median * float64(time.Microsecond))
			for what, took := range map[string]time.Duration{
				"announced": announced, "TCP connect": timeConnects(t, address), "UDP echo": timeEchoes(t, w),
			} {
				if took < 2*test.delay || took > limit {
					t.Errorf("%s: %v there and back with a delay of %v each way, at most %v", what, took, test.delay, limit)
				}
			}
		})
	}
}

// Among ordinary processes the wire is preferred and not alone: the usual packet keeps its time, the late one is late by
// less than the delay itself, and the tally says by how much.
func TestUsualDelayHoldsWhileEveryCoreIsBusy(t *testing.T) {
	const delay = 10 * time.Millisecond
	for range 2 * runtime.NumCPU() {
		busy := exec.Command("sh", "-c", "while :; do :; done")
		if err := busy.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = busy.Process.Kill()
			_ = busy.Wait()
		}()
	}
	// A virtual machine may be stopped for milliseconds itself. A wire that waits its turn fails each time.
	for attempt := range 4 {
		w := startWire(t, "--delay", delay.String())
		took := timeEchoes(t, w)
		last, _ := w.stop()
		if took < 2*delay {
			t.Fatalf("%v there and back with a delay of %v each way", took, delay)
		}
		usual, late := float64(tolerance.Microseconds())/2, float64(delay.Microseconds())/2
		a, b := last.AToB.DeviationMicros, last.BToA.DeviationMicros
		// The echo's two ends wait for a core as well, which the wire's own tally does not hold against it.
		if took <= 2*delay+delay/2 && max(a.Median, b.Median) < usual && max(a.P99, b.P99) < late {
			return
		}
		t.Logf("attempt %d: %v there and back, %+v, %+v", attempt, took, last.AToB, last.BToA)
	}
	t.Error("the delay did not hold")
}
