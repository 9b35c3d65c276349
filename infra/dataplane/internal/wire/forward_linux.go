package wire

import (
	"errors"
	"fmt"
	"runtime"
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

	packets, bytes, refused int64
	// latenessNs is by how much each packet was put in after it was due.
	latenessNs *hdrhistogram.Histogram
}

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
		latenessNs: hdrhistogram.New(1, int64(time.Minute), 3),
	}
	for _, file := range []int{from, timer, stop} {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(file)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, file, &event); err != nil {
			return nil, fmt.Errorf("wait for packets: %w", err)
		}
	}
	return d, nil
}

// run forwards until stop becomes readable. It has a thread to itself, which the kernel wakes before any ordinary one
// where it may: netem, too, works ahead of every process.
func (d *direction) run() error {
	runtime.LockOSThread()
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
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
			if int(event.Fd) == d.stop {
				return nil
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

// deliver puts in every packet that is due. One that the device does not accept is lost, as on any wire, and counted.
func (d *direction) deliver() {
	for !d.held.empty() {
		packet, dueNs := d.held.first()
		latenessNs := clock.MonotonicNs() - dueNs
		if latenessNs < 0 {
			return
		}
		if _, err := unix.Write(d.to, packet); err != nil {
			d.refused++
		} else {
			d.packets++
			d.bytes += int64(len(packet))
			_ = d.latenessNs.RecordValue(latenessNs)
		}
		d.held.drop()
	}
}

// arm sets the timer for the first packet held; a zero time, when there is none, disarms it. While the queue is full,
// no more packets are asked for: they wait in the device.
func (d *direction) arm() error {
	var spec unix.ItimerSpec
	if !d.held.empty() {
		_, dueNs := d.held.first()
		spec.Value = unix.NsecToTimespec(dueNs)
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
