package lean

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keepAliveSeconds and keepAliveProbes are what package net sets.
const (
	keepAliveSeconds = 15
	keepAliveProbes  = 9
)

// readSocket and writeSocket never block, as the sockets do not, and so can do without telling the scheduler.
func readSocket(fd int, space []byte) (count int, errno unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(space))), uintptr(len(space)))
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// writeSocket uses sendto for its flag: a peer that is gone must not raise SIGPIPE.
func writeSocket(fd int, bytes []byte) (count int, errno unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall6(
			unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(bytes))), uintptr(len(bytes)), unix.MSG_NOSIGNAL, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// listeningSocket is a descriptor of our own for the listener's socket, set so that what it accepts needs no setting.
func listeningSocket(listener net.Listener) (fd int, err error) {
	for {
		wrapper, wraps := listener.(interface{ Unwrap() net.Listener })
		if !wraps {
			break
		}
		listener = wrapper.Unwrap()
	}
	plain, ok := listener.(*net.TCPListener)
	if !ok {
		return -1, fmt.Errorf("this concurrency needs a plain TCP listener, got %T", listener)
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("look at the listening socket: %w", err)
	}
	var dupErr error
	if err := raw.Control(func(given uintptr) {
		fd, dupErr = unix.FcntlInt(given, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil || dupErr != nil {
		return -1, fmt.Errorf("take over the listening socket: %w", errors.Join(err, dupErr))
	}
	if err := tuneSocket(fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// tuneSocket does what package net does to every connection.
func tuneSocket(fd int) error {
	for _, option := range [...]struct{ level, name, value int }{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepAliveSeconds},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepAliveSeconds},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveProbes},
	} {
		if err := unix.SetsockoptInt(fd, option.level, option.name, option.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}

// socketAddress resolves the upstream once.
func socketAddress(upstream string) (unix.Sockaddr, error) {
	address, err := net.ResolveTCPAddr("tcp", upstream)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	if four := address.IP.To4(); four != nil {
		return &unix.SockaddrInet4{Port: address.Port, Addr: [4]byte(four)}, nil
	}
	six := &unix.SockaddrInet6{Port: address.Port, Addr: [16]byte(address.IP.To16())}
	if address.Zone != "" {
		link, err := net.InterfaceByName(address.Zone)
		if err != nil {
			return nil, fmt.Errorf("upstream: %w", err)
		}
		six.ZoneId = uint32(link.Index)
	}
	return six, nil
}

// startConnect begins to connect; the socket becomes writable when that has succeeded or failed.
func startConnect(address unix.Sockaddr) (fd int, err error) {
	family := unix.AF_INET
	// Connect writes into the address it is given.
	switch shared := address.(type) {
	case *unix.SockaddrInet4:
		own := *shared
		address = &own
	case *unix.SockaddrInet6:
		own := *shared
		address, family = &own, unix.AF_INET6
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err = tuneSocket(fd); err == nil {
		if err = unix.Connect(fd, address); err == nil || err == unix.EINPROGRESS {
			return fd, nil
		}
		err = os.NewSyscallError("connect", err)
	}
	unix.Close(fd)
	return -1, err
}

// connectResult is how the attempt ended.
func connectResult(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if errno != 0 {
		return os.NewSyscallError("connect", syscall.Errno(errno))
	}
	return nil
}

// resetOnClose has close break the connection off, so that the peer cannot take it for an orderly end.
func resetOnClose(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0})
}

// peerIP is the text of an accepted connection's address.
func peerIP(address unix.Sockaddr) []byte {
	switch peer := address.(type) {
	case *unix.SockaddrInet4:
		return []byte(net.IP(peer.Addr[:]).String())
	case *unix.SockaddrInet6:
		return []byte(net.IP(peer.Addr[:]).String())
	}
	return nil
}
