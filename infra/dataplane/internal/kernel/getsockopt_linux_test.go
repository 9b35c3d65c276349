package kernel

import (
	"encoding/binary"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tcpInfo asks for TCP_INFO with as much room as given, which package unix does not.
func tcpInfo(fd uintptr, room []byte) (int, error) {
	length := uint32(len(room))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&room[0])), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(length), nil
}

// originalDestination asks an accepted connection where it was going; "none" where nothing is known of it.
func originalDestination(connection *net.TCPConn, six bool) string {
	raw, err := connection.SyscallConn()
	if err != nil {
		return err.Error()
	}
	// A socket address of either family: the port is at 2, the address at 4 or at 8 (ip(7), ipv6(7)).
	level, length, at, bytes := unix.SOL_IP, uint32(16), 4, 4
	if six {
		level, length, at, bytes = unix.SOL_IPV6, 28, 8, 16
	}
	room := make([]byte, length)
	var errno unix.Errno
	_ = raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, uintptr(level), unix.SO_ORIGINAL_DST,
			uintptr(unsafe.Pointer(&room[0])), uintptr(unsafe.Pointer(&length)), 0)
	})
	if errno != 0 {
		return "none"
	}
	address, _ := netip.AddrFromSlice(room[at : at+bytes])
	return netip.AddrPortFrom(address, binary.BigEndian.Uint16(room[2:])).String()
}
