package sockmap

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"meshmark/dataplane/internal/bpf"
)

// standstill is how long bytes that the kernel has received may be handed neither to user space nor to the peer, and
// closedStandstill how long those of a connection that is gone altogether.
const (
	standstill       = 10 * time.Second
	closedStandstill = 3 * time.Second
)

// direction forwards what the source sends. The kernel does if it has been handed over; user space otherwise, and once it
// has been taken back. One goroutine sees to it and passes the end on.
type direction struct {
	table               *Table
	source, destination *socket
	opposite            *direction
	handedOver          bool
	// copied is what user space has written, settled how much of what the kernel redirected it has awaited.
	copied, settled uint64
	// over says that the end has been passed on.
	over atomic.Bool

	// unhandled is what the last look found to lie in the kernel, since a look long ago. Reading alone uses them.
	unhandled uint64
	since     time.Time
}

// handOver makes the source one of the kernel's. It cannot if the peer has ended already.
func (d *direction) handOver(flow bpf.SockmapMmSkFlow) bool {
	cookie := d.source.cookie
	flow.Peer = d.destination.cookie
	if d.table.objects.MmSkFlows.Put(cookie, flow) != nil {
		return false
	}
	d.table.directions.Store(cookie, d)
	if control(d.source.raw, func(fd int) error {
		return d.table.objects.MmSkSources.Put(cookie, uint64(fd))
	}) != nil {
		d.table.directions.Delete(cookie)
		return false
	}
	d.handedOver = true
	d.source.rearm()
	return true
}

// takeBack has the source's bytes stay in its buffer, as any socket's, for user space to read. The programs are not given
// the source again, since it would have to be shown first that none of its bytes lie in between.
func (d *direction) takeBack() {
	_ = d.table.objects.MmSkSources.Delete(d.source.cookie)
	// Whatever came meanwhile woke nobody.
	_ = d.source.connection.SetReadDeadline(time.Now())
}

func (d *direction) forward(buffer []byte, written func(int)) error {
	for {
		count, err := d.source.read(buffer, d.stuck)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := d.deliver(buffer[:count], written); err != nil {
			return err
		}
	}
	if err := d.drain(buffer, written); err != nil {
		return err
	}
	d.over.Store(true)
	if err := d.destination.connection.CloseWrite(); err != nil {
		return err
	}
	// The other direction may be watching for a reset, and need no longer.
	if d.opposite.over.Load() {
		_ = d.destination.connection.SetReadDeadline(time.Unix(1, 0))
		return nil
	}
	return d.watch()
}

// stuck tells whether what was received lies in the kernel unhandled, and has for long. It is asked now and then while
// there is nothing to read.
func (d *direction) stuck() bool {
	if !d.handedOver {
		return false
	}
	received, _, err := d.source.received()
	if err != nil {
		return true
	}
	unhandled := received - min(received, d.copied+d.redirected())
	if unhandled != d.unhandled || d.since.IsZero() {
		d.unhandled, d.since = unhandled, time.Now()
	}
	// The end is a byte that nobody handles.
	return unhandled > 1 && time.Since(d.since) > standstill
}

// redirected is how many bytes of the source the kernel has taken for the destination.
func (d *direction) redirected() uint64 {
	if !d.handedOver {
		return 0
	}
	return d.table.flow(d.source.cookie).Redirected
}

// follows tells whether the first bytes that user space has read are those after the last that the kernel took. The parser
// may have been waiting for more of a piece when the source was taken from it, after a retransmission that it took for
// longer than it was, and what it held is then lost.
func (d *direction) follows(count int) bool {
	for range 100 {
		before, _, err := d.source.received()
		if err != nil {
			return false
		}
		waiting, err := d.source.waiting()
		if err != nil {
			return false
		}
		if after, _, err := d.source.received(); err != nil {
			return false
		} else if after != before {
			continue // More came between the two readings.
		}
		// The end is received as a byte, and does not wait.
		end := before - min(before, d.redirected()+uint64(count)+waiting)
		return end <= 1
	}
	return false
}

// deliver writes what user space has read, after all that the kernel took before.
func (d *direction) deliver(bytes []byte, written func(int)) error {
	if d.handedOver && d.copied == 0 && !d.follows(len(bytes)) {
		return errBroken
	}
	// The kernel takes no more: what it leaves to user space comes after all that it took.
	if redirected := d.redirected(); redirected > d.settled {
		if err := d.settle(d.copied + redirected); err != nil {
			return err
		}
		d.settled = redirected
	}
	count, err := d.destination.connection.Write(bytes)
	d.copied += uint64(count)
	written(count)
	return err
}

// drain returns when every byte before the source's end has been written to the destination. The end may be seen before
// the bytes in front of it: they may be on their way through the programs.
func (d *direction) drain(buffer []byte, written func(int)) error {
	pause, since, before := newPause(), time.Now(), uint64(0)
	for {
		received, closed, err := d.source.received()
		if err != nil {
			return err
		}
		redirected := d.redirected()
		handled := d.copied + redirected
		// The end is a byte more. Without it the connection was reset, and somebody else was told so.
		if handled >= received {
			return errBroken
		}
		if handled == received-1 {
			if redirected == d.settled {
				return nil
			}
			return d.settle(handled)
		}
		count, err := d.source.readNow(buffer)
		if count > 0 {
			if err := d.deliver(buffer[:count], written); err != nil {
				return err
			}
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if handled != before {
			before, since = handled, time.Now()
		}
		still := time.Since(since)
		if still > standstill || (closed && still > closedStandstill) {
			return fmt.Errorf("%w: %d of %d bytes came through", errBroken, handled, received-1)
		}
		pause.sleep()
	}
}

// settle waits until so many bytes have been written to the destination. The kernel does it in its own time, and as slowly
// as the peer reads.
func (d *direction) settle(target uint64) error {
	for pause := newPause(); ; pause.sleep() {
		sent, err := d.destination.sent()
		if err != nil {
			return err
		}
		if sent >= int64(target) {
			return nil
		}
		if pause.next >= time.Millisecond {
			if err := d.destination.fault(); err != nil {
				return err
			}
		}
	}
}

// watch waits for the opposite direction's end, or for the source to break off meanwhile: user space neither reads from
// it nor writes to it, so that nobody else would notice.
func (d *direction) watch() error {
	s := d.source
	for !d.opposite.over.Load() {
		var fault error
		err := s.raw.Read(func(fd uintptr) bool {
			fault = faultOf(int(fd))
			return fault != nil || d.opposite.over.Load()
		})
		switch {
		case d.opposite.over.Load():
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.rearm()
		case err != nil:
			return err
		case fault != nil:
			return fault
		}
	}
	return nil
}
