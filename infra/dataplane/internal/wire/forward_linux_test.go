package wire

import (
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// socketPair stands in for a TUN device: it too keeps the bounds of packets. Its far end's writes block.
func socketPair(t *testing.T) (device, far int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(pair[0], true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(pair[0])
		unix.Close(pair[1])
	})
	return pair[0], pair[1]
}

// startDirection runs one direction with room for so many packets; stop ends it and returns what run returned.
func startDirection(t *testing.T, slots int, delay time.Duration) (d *direction, in, out int, stop func() error) {
	t.Helper()
	from, in := socketPair(t)
	to, out := socketPair(t)
	stopped, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(stopped) })
	d, err = newDirection(from, to, stopped, 1500, delay)
	if err != nil {
		t.Fatal(err)
	}
	d.held = &queue{packets: make([]byte, slots*1500), sizes: make([]int, slots), dueNs: make([]int64, slots), mtu: 1500}
	ended := make(chan error, 1)
	onOwnThread(func() { ended <- d.run() })
	return d, in, out, func() error {
		if _, err := unix.Write(stopped, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
			t.Fatal(err)
		}
		return <-ended
	}
}

func TestFullQueueLosesNothingKeepsTheOrderAndDoesNotSpin(t *testing.T) {
	const slots, sent = 4, 20
	const delay = 50 * time.Millisecond
	d, in, out, stop := startDirection(t, slots, delay)
	var cpuBefore, cpuAfter unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &cpuBefore)
	began := time.Now()
	for number := range sent {
		if _, err := unix.Write(in, binary.BigEndian.AppendUint32(nil, uint32(number))); err != nil {
			t.Fatal(err)
		}
	}
	packet := make([]byte, 1500)
	for number := range sent {
		size, err := unix.Read(out, packet)
		if err != nil || size != 4 || binary.BigEndian.Uint32(packet) != uint32(number) {
			t.Fatalf("packet %d: %d bytes, number %d (%v)", number, size, binary.BigEndian.Uint32(packet), err)
		}
	}
	took := time.Since(began)
	_ = unix.Getrusage(unix.RUSAGE_SELF, &cpuAfter)
	if err := stop(); err != nil {
		t.Error(err)
	}
	// Each four packets wait for the four before them.
	if least := sent / slots * delay * 9 / 10; took < least {
		t.Errorf("%d packets came through room for %d in %v, less than %v", sent, slots, took, least)
	}
	cpu := time.Duration(cpuAfter.Utime.Nano() + cpuAfter.Stime.Nano() - cpuBefore.Utime.Nano() - cpuBefore.Stime.Nano())
	if cpu > took/3 {
		t.Errorf("waiting for %v took %v of CPU", took, cpu)
	}
	if d.packets != sent || d.bytes != sent*4 || d.refused != 0 {
		t.Errorf("%d packets, %d bytes, %d refused", d.packets, d.bytes, d.refused)
	}
}

func TestNoPacketIsHandedOnEarlyByMoreThanTheLead(t *testing.T) {
	const delay = 20 * time.Millisecond
	_, in, out, stop := startDirection(t, 100, delay)
	packet := make([]byte, 1500)
	for range 50 {
		before := time.Now()
		if _, err := unix.Write(in, packet[:100]); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Read(out, packet); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(before); took < delay-leadLimit {
			t.Errorf("a packet took %v of %v", took, delay)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestPacketThatTheDeviceRefusesIsCountedAsLost(t *testing.T) {
	d, in, out, stop := startDirection(t, 100, 0)
	if err := unix.Shutdown(out, unix.SHUT_RD); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := unix.Write(in, []byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if d.refused != 3 || d.packets != 0 {
		t.Errorf("%d refused, %d handed on", d.refused, d.packets)
	}
}

func TestLeadFollowsTheMedianAndStaysWithinItsShareOfTheDelay(t *testing.T) {
	d := &direction{maxLeadNs: 100_000}
	for number := range 1000 {
		wakeNs := int64(40_000)
		if number%5 == 0 {
			wakeNs = 5_000_000
		}
		d.learn(wakeNs)
	}
	if d.leadNs < 35_000 || d.leadNs > 45_000 {
		t.Errorf("the lead is %d ns where most wakes take 40000", d.leadNs)
	}
	for range 1000 {
		d.learn(300_000)
	}
	if d.leadNs != 100_000 {
		t.Errorf("the lead is %d ns, its limit 100000", d.leadNs)
	}
}
