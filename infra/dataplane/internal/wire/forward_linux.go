package wire

import (
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/clock"
)

// packetsBetweenWaits is how many packets are read before the thread asks the kernel again what there is to do.
const packetsBetweenWaits = 64

// direction takes packets out of one TUN device and puts each into the other after the delay.
type direction struct {
	from, to int
	delayNs  int64
	held     *queue
	epoll    int
	timer    int
	// stop is an eventfd that becomes readable when the direction is to end.
	stop int
	// deaf while packets are not asked for.
	deaf bool

	// leadNs is how long before a packet is due the timer is set to go off, and armedNs when that is.
	leadNs, maxLeadNs, armedNs int64

	packets, bytes, refused int64
	// deviationNs is by how much each packet was handed on before or after it was due.
	deviationNs *hdrhistogram.Histogram
}

// A timer wakes a thread some time after it goes off, up to 0.2 ms on an idle virtual machine. The direction learns
// the median of that time in steps and sets the timer so much earlier, but never by more than a share of the delay.
const (
	leadStepNs   = 2_000
	leadLimit    = 250 * time.Microsecond
	leadFraction = 10
)

func newDirection(from, to, stop, mtu int, delay time.Duration) (*direction, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("wait for packets: %w", err)
	}
	// A timerfd rather than a time limit of the wait: those are rounded up by the thread's timer slack.
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	d := &direction{
		from: from, to: to, delayNs: delay.Nanoseconds(), held: newQueue(mtu), epoll: epoll, timer: timer, stop: stop,
		maxLeadNs: min(leadLimit, delay/leadFraction).Nanoseconds(), deviationNs: hdrhistogram.New(1, int64(time.Minute), 3),
	}
	for _, file := range []int{from, timer, stop} {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(file)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, file, &event); err != nil {
			return nil, fmt.Errorf("wait for packets: %w", err)
		}
	}
	return d, nil
}

// run forwards until stop becomes readable, on a thread of its own.
func (d *direction) run() error {
	runAhead()
	var events [3]unix.EpollEvent
	for {
		if err := d.arm(); err != nil {
			return err
		}
		count, err := unix.EpollWait(d.epoll, events[:], -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for packets: %w", err)
		}
		for _, event := range events[:max(count, 0)] {
			switch int(event.Fd) {
			case d.stop:
				return nil
			case d.timer:
				d.learn(clock.MonotonicNs() - d.armedNs)
			}
		}
		if err := d.take(); err != nil {
			return err
		}
	}
}

// take reads what has come, a few packets at most so that stop is looked at in between, and delivers what is due
// meanwhile: with no delay, each packet as soon as it was read.
func (d *direction) take() error {
	for range packetsBetweenWaits {
		d.deliver()
		if d.held.full() {
			return nil
		}
		size, err := unix.Read(d.from, d.held.free())
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("read from the device: %w", err)
		}
		d.held.push(size, clock.MonotonicNs()+d.delayNs)
	}
	d.deliver()
	return nil
}

// deliver hands on every packet that is due. One that the device does not accept is lost, as on any wire, and counted.
func (d *direction) deliver() {
	for !d.held.empty() {
		packet, dueNs := d.held.first()
		lateNs := clock.MonotonicNs() - dueNs
		if lateNs < -d.leadNs {
			return
		}
		if _, err := unix.Write(d.to, packet); err != nil {
			d.refused++
		} else {
			d.packets++
			d.bytes += int64(len(packet))
			_ = d.deviationNs.RecordValue(max(lateNs, -lateNs))
		}
		d.held.drop()
	}
}

// learn moves the lead towards the median of how late the timer wakes this thread.
func (d *direction) learn(wakeNs int64) {
	step := int64(leadStepNs)
	if wakeNs < d.leadNs {
		step = -step
	}
	d.leadNs = min(max(d.leadNs+step, 0), d.maxLeadNs)
}

// arm sets the timer for the first packet held; a zero time, when there is none, disarms it. While the queue is full,
// no more packets are asked for: they wait in the device.
func (d *direction) arm() error {
	var spec unix.ItimerSpec
	if !d.held.empty() {
		_, dueNs := d.held.first()
		d.armedNs = dueNs - d.leadNs
		spec.Value = unix.NsecToTimespec(d.armedNs)
	}
	if err := unix.TimerfdSettime(d.timer, unix.TFD_TIMER_ABSTIME, &spec, nil); err != nil {
		return fmt.Errorf("set the timer: %w", err)
	}
	if full := d.held.full(); full != d.deaf {
		event := unix.EpollEvent{Fd: int32(d.from)}
		if !full {
			event.Events = unix.EPOLLIN
		}
		if err := unix.EpollCtl(d.epoll, unix.EPOLL_CTL_MOD, d.from, &event); err != nil {
			return fmt.Errorf("wait for packets: %w", err)
		}
		d.deaf = full
	}
	return nil
}
