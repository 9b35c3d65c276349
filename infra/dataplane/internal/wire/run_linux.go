package wire

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// run makes the wire, announces it and, unless it is a probe, carries packets until the context ends.
func run(ctx context.Context, wanted options, stdout io.Writer) error {
	runAllAhead()
	a, err := openNamespace(wanted.aNamespace)
	if err != nil {
		return fmt.Errorf("side a: %w", err)
	}
	b, err := openNamespace(wanted.bNamespace)
	if err != nil {
		return fmt.Errorf("side b: %w", err)
	}
	if !wanted.aAddress.IsValid() {
		err := a.do(func() (err error) {
			wanted.aAddress, wanted.bAddress, err = chooseAddresses()
			return err
		})
		if err != nil {
			return fmt.Errorf("side a: %w", err)
		}
	}
	if wanted.kind == kindVeth {
		return runVeth(ctx, wanted, a, b, stdout)
	}
	return runTUN(ctx, wanted, a, b, stdout)
}

func runVeth(ctx context.Context, wanted options, a, b *namespace, stdout io.Writer) error {
	far, err := os.Open(b.path)
	if err != nil {
		return fmt.Errorf("side b: %w", err)
	}
	defer far.Close()
	name := deviceName("a")
	if err := a.do(func() error { return createVethPair(name, deviceName("b"), int(far.Fd())) }); err != nil {
		return err
	}
	// The namespace would take its end with it, but only some time after this process has ended.
	defer a.do(func() error { return deleteDevice(name) })
	if err := raise(wanted, a, b); err != nil {
		return err
	}
	if err := announce(ctx, wanted, a, b, stdout); err != nil || wanted.probe {
		return err
	}
	<-ctx.Done()
	return printEvent(stdout, endedEvent{Event: "ended"})
}

func runTUN(ctx context.Context, wanted options, a, b *namespace, stdout io.Writer) error {
	aDevice, err := openTUNIn(a, "a")
	if err != nil {
		return fmt.Errorf("side a: %w", err)
	}
	defer unix.Close(aDevice)
	bDevice, err := openTUNIn(b, "b")
	if err != nil {
		return fmt.Errorf("side b: %w", err)
	}
	defer unix.Close(bDevice)
	if err := raise(wanted, a, b); err != nil {
		return err
	}
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make an eventfd: %w", err)
	}
	aToB, err := newDirection(aDevice, bDevice, stop, wanted.mtu, wanted.delay)
	if err != nil {
		return err
	}
	bToA, err := newDirection(bDevice, aDevice, stop, wanted.mtu, wanted.delay)
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	for _, each := range []*direction{aToB, bToA} {
		onOwnThread(func() { ended <- each.run() })
	}
	if err := announce(ctx, wanted, a, b, stdout); err != nil || wanted.probe {
		return err
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// Not read by anyone, so that it stays readable for both.
	if _, err := unix.Write(stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	for range 2 {
		if err := <-ended; err != nil {
			return err
		}
	}
	event := endedEvent{Event: "ended"}
	if event.AToB, err = aToB.tally(a, deviceName("a")); err != nil {
		return fmt.Errorf("side a: %w", err)
	}
	if event.BToA, err = bToA.tally(b, deviceName("b")); err != nil {
		return fmt.Errorf("side b: %w", err)
	}
	return printEvent(stdout, event)
}

func openTUNIn(side *namespace, letter string) (file int, err error) {
	err = side.do(func() (err error) {
		file, err = openTUN(deviceName(letter))
		return err
	})
	return file, err
}

// raise gives both devices their addresses and brings them up, and loopback in side b.
func raise(wanted options, a, b *namespace) error {
	err := b.do(func() error {
		if err := raiseLoopback(); err != nil {
			return err
		}
		return configure(deviceName("b"), wanted.bAddress, wanted.mtu)
	})
	if err != nil {
		return fmt.Errorf("side b: %w", err)
	}
	if err := a.do(func() error { return configure(deviceName("a"), wanted.aAddress, wanted.mtu) }); err != nil {
		return fmt.Errorf("side a: %w", err)
	}
	return nil
}

// announce measures the wire that carries already, and says how to reach either side.
func announce(ctx context.Context, wanted options, a, b *namespace, stdout io.Writer) error {
	measured, err := measure(ctx, wanted, a, b)
	if err != nil {
		return err
	}
	return printEvent(stdout, readyEvent{
		Event: "ready", PID: os.Getpid(), Kind: wanted.kind, BNamespace: b.path, RoundTripMicros: measured,
		AAddress: wanted.aAddress.Addr().String(), BAddress: wanted.bAddress.Addr().String(),
	})
}

// measure times packets from side a to an echo in side b and back.
func measure(ctx context.Context, wanted options, a, b *namespace) (quantiles, error) {
	var far, near, port int
	err := b.do(func() (err error) {
		far, port, err = udpSocket(wanted.bAddress.Addr())
		return err
	})
	if err != nil {
		return quantiles{}, fmt.Errorf("side b: %w", err)
	}
	echoEnded := startEcho(far)
	err = a.do(func() (err error) {
		if near, _, err = udpSocket(wanted.aAddress.Addr()); err != nil {
			return err
		}
		return unix.Connect(near, &unix.SockaddrInet4{Addr: wanted.bAddress.Addr().As4(), Port: port})
	})
	if err != nil {
		return quantiles{}, fmt.Errorf("side a: %w", err)
	}
	defer unix.Close(near)
	measured, err := measureRoundTrip(ctx, near, wanted.delay)
	if err != nil {
		return quantiles{}, err
	}
	if _, err := unix.Write(near, nil); err != nil {
		return quantiles{}, fmt.Errorf("end the echo: %w", err)
	}
	<-echoEnded
	return measured, nil
}

// tally is what the direction has carried from this device.
func (d *direction) tally(from *namespace, device string) (*tally, error) {
	var overflowed int64
	err := from.do(func() (err error) {
		overflowed, err = readDrops(device)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &tally{
		Packets: d.packets, Bytes: d.bytes, Lost: d.refused + overflowed,
		DeviationMicros: quantiles{
			Median: micros(d.deviationNs.ValueAtPercentile(50)), P99: micros(d.deviationNs.ValueAtPercentile(99)),
		},
	}, nil
}
