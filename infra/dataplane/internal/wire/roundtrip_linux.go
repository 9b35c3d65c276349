package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/clock"
)

const (
	// probes and probeInterval make a measurement of 0.2 s beyond the delay itself.
	probes        = 200
	probeInterval = time.Millisecond
	probeBytes    = 8
	// firstAnswerWait is how long the first answer may take beyond the delay. A new veth pair may swallow the first
	// question for the other's link address, and the kernel asks again after a second.
	firstAnswerWait = 3 * time.Second
	// lossWait is how long a later answer may take beyond the delay: a wire loses nothing, it is only ever late.
	lossWait = 2 * time.Second
)

// udpSocket is a blocking socket of the calling thread's namespace, bound to the address and any port. A thread that
// waits in it is woken by the kernel directly, without Go's poller in between.
func udpSocket(address netip.Addr) (socket int, port int, err error) {
	socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, 0, fmt.Errorf("make a socket: %w", err)
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: address.As4()}); err != nil {
		unix.Close(socket)
		return -1, 0, fmt.Errorf("bind to %s: %w", address, err)
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		unix.Close(socket)
		return -1, 0, fmt.Errorf("read the port: %w", err)
	}
	return socket, bound.(*unix.SockaddrInet4).Port, nil
}

// startEcho sends back each packet, until an empty one comes; ended is closed then. It closes the socket.
func startEcho(socket int) (ended <-chan struct{}) {
	done := make(chan struct{})
	onOwnThread(func() {
		defer close(done)
		defer unix.Close(socket)
		runAhead()
		packet := make([]byte, 2048)
		for {
			size, from, err := unix.Recvfrom(socket, packet, 0)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil || size == 0 {
				return
			}
			_ = unix.Sendto(socket, packet[:size], 0, from)
		}
	})
	return done
}

// measureRoundTrip sends packets over a connected socket to an echo at the other side and times each answer. It fails
// when one is missing.
func measureRoundTrip(ctx context.Context, socket int, delay time.Duration) (quantiles, error) {
	type result struct {
		quantiles
		err error
	}
	measured := make(chan result, 1)
	onOwnThread(func() {
		runAhead()
		if err := awaitFirstAnswer(ctx, socket, delay); err != nil {
			measured <- result{err: err}
			return
		}
		trips, err := timeProbes(ctx, socket, delay)
		measured <- result{quantiles: trips, err: err}
	})
	got := <-measured
	return got.quantiles, got.err
}

// awaitFirstAnswer sends single bytes until one comes back.
func awaitFirstAnswer(ctx context.Context, socket int, delay time.Duration) error {
	for deadline := time.Now().Add(2*delay + firstAnswerWait); time.Now().Before(deadline); {
		_, _ = unix.Write(socket, []byte{0})
		answer, err := receive(ctx, socket, 20*time.Millisecond, make([]byte, 1))
		if err != nil || answer > 0 {
			return err
		}
	}
	return errors.New("no packet comes back over the wire: does a firewall on this machine drop them?")
}

func timeProbes(ctx context.Context, socket int, delay time.Duration) (quantiles, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go sendProbes(ctx, socket)
	var tripsNs []int64
	packet := make([]byte, 16)
	for len(tripsNs) < probes {
		size, err := receive(ctx, socket, 2*delay+lossWait, packet)
		nowNs := clock.MonotonicNs()
		if err != nil {
			return quantiles{}, err
		}
		if size == 0 {
			return quantiles{}, fmt.Errorf("only %d of %d packets came back over the wire", len(tripsNs), probes)
		}
		if size == probeBytes {
			tripsNs = append(tripsNs, nowNs-int64(binary.BigEndian.Uint64(packet)))
		}
	}
	slices.Sort(tripsNs)
	return quantiles{Median: micros(tripsNs[probes/2]), P99: micros(tripsNs[probes*99/100])}, nil
}

func sendProbes(ctx context.Context, socket int) {
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	packet := make([]byte, probeBytes)
	for range probes {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		binary.BigEndian.PutUint64(packet, uint64(clock.MonotonicNs()))
		// A packet that is not sent is missed at the other end.
		_, _ = unix.Write(socket, packet)
	}
}

// receive waits for a packet and returns its size, 0 when none came within the limit.
func receive(ctx context.Context, socket int, limit time.Duration, into []byte) (int, error) {
	const look = 100 * time.Millisecond
	for deadline := time.Now().Add(limit); ; {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		left := time.Until(deadline)
		if left <= 0 {
			return 0, nil
		}
		wait := unix.NsecToTimeval(max(min(left, look), time.Millisecond).Nanoseconds())
		if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
			return 0, fmt.Errorf("set a time limit: %w", err)
		}
		size, err := unix.Read(socket, into)
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNREFUSED):
		case err != nil:
			return 0, fmt.Errorf("measure the way there and back: %w", err)
		default:
			return size, nil
		}
	}
}

func micros(ns int64) float64 { return float64(ns) / 1000 }
