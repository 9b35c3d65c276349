package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// deviceName is made of the pid, so that it says whose it is, and of the side, since both may be in one namespace.
func deviceName(side string) string { return fmt.Sprintf("mm%d%s", os.Getpid(), side) }

// openTUN makes a TUN device in the calling thread's namespace. It vanishes when the file is closed. Packets are plain
// IP: the kernel computes checksums and cuts segments before it hands them out.
func openTUN(name string) (file int, err error) {
	file, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return -1, fmt.Errorf("open /dev/net/tun: %w (needs the kernel's tun driver: modprobe tun, or the device in the container)", err)
	case err != nil:
		return -1, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_TUN_EXCL)
		err = unix.IoctlIfreq(file, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(file)
		if errors.Is(err, unix.EPERM) {
			return -1, fmt.Errorf("make the TUN device %s: %w (needs root or CAP_NET_ADMIN)", name, err)
		}
		return -1, fmt.Errorf("make the TUN device %s: %w", name, err)
	}
	return file, nil
}

// transmitQueuePackets is how many packets wait in a device when its reader is late; the kernel's 500 are fewer than
// one TCP window.
const transmitQueuePackets = 10_000

// configure gives a device of the calling thread's namespace its address and raises it.
func configure(name string, address netip.Prefix, mtu int) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("configure %s: %w", name, err)
	}
	defer unix.Close(socket)
	ip, mask := address.Addr().As4(), maskOf(address.Bits())
	for _, step := range []struct {
		what    string
		request uint
		set     func(*unix.Ifreq) error
	}{
		{"mtu", unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(uint32(mtu)); return nil }},
		{"queue length", unix.SIOCSIFTXQLEN, func(r *unix.Ifreq) error { r.SetUint32(transmitQueuePackets); return nil }},
		{"address", unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(ip[:]) }},
		{"netmask", unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr(mask[:]) }},
		{"state", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP); return nil }},
	} {
		request, err := unix.NewIfreq(name)
		if err == nil {
			err = step.set(request)
		}
		if err == nil {
			err = unix.IoctlIfreq(socket, step.request, request)
		}
		if err != nil {
			return fmt.Errorf("set the %s of %s: %w", step.what, name, err)
		}
	}
	return nil
}

func maskOf(bits int) [4]byte {
	var mask [4]byte
	for bit := range bits {
		mask[bit/8] |= 0x80 >> (bit % 8)
	}
	return mask
}

// raiseLoopback brings up lo in the calling thread's namespace, which a new one has down.
func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("raise lo: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err == nil {
		request.SetUint16(unix.IFF_UP)
		err = unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
	}
	if err != nil {
		return fmt.Errorf("raise lo: %w", err)
	}
	return nil
}
