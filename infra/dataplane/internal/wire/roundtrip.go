package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"meshmark/dataplane/internal/clock"
)

const (
	// probes and probeInterval make a measurement of 0.2 s beyond the delay itself.
	probes        = 200
	probeInterval = time.Millisecond
	// lossWait is how long the last answer may take beyond the delay: a wire loses nothing, it is only ever late.
	lossWait = 2 * time.Second
)

// echo sends back each packet until the socket is closed.
func echo(socket *net.UDPConn) {
	packet := make([]byte, 2048)
	for {
		size, from, err := socket.ReadFromUDPAddrPort(packet)
		if err != nil {
			return
		}
		_, _ = socket.WriteToUDPAddrPort(packet[:size], from)
	}
}

// measureRoundTrip sends packets to an echo at the other side and times each answer. It fails when one is missing.
func measureRoundTrip(ctx context.Context, socket *net.UDPConn, delay time.Duration) (quantiles, error) {
	if err := socket.SetReadDeadline(time.Now().Add(probes*probeInterval + 2*delay + lossWait)); err != nil {
		return quantiles{}, err
	}
	defer context.AfterFunc(ctx, func() { _ = socket.SetReadDeadline(time.Now()) })()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go sendProbes(ctx, socket)
	var tripsNs []int64
	packet := make([]byte, 16)
	for len(tripsNs) < probes {
		size, err := socket.Read(packet)
		nowNs := clock.MonotonicNs()
		var late net.Error
		if ctx.Err() != nil {
			return quantiles{}, ctx.Err()
		} else if errors.As(err, &late) && late.Timeout() {
			return quantiles{}, fmt.Errorf("%d of %d packets came back: does a firewall on this machine drop them?", len(tripsNs), probes)
		} else if err != nil {
			return quantiles{}, fmt.Errorf("measure the way there and back: %w", err)
		}
		if size == 8 {
			tripsNs = append(tripsNs, nowNs-int64(binary.BigEndian.Uint64(packet)))
		}
	}
	slices.Sort(tripsNs)
	return quantiles{Median: micros(tripsNs[probes/2]), P99: micros(tripsNs[probes*99/100])}, nil
}

func sendProbes(ctx context.Context, socket *net.UDPConn) {
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	packet := make([]byte, 8)
	for range probes {
		binary.BigEndian.PutUint64(packet, uint64(clock.MonotonicNs()))
		// A packet that is not sent is missed at the other end.
		_, _ = socket.Write(packet)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func micros(ns int64) float64 { return float64(ns) / 1000 }
