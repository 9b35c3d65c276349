package original

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ip6OriginalDestination is IP6T_SO_ORIGINAL_DST of linux/netfilter_ipv6/ip6_tables.h. Its counterpart for IPv4 is
// unix.SO_ORIGINAL_DST, of linux/netfilter_ipv4.h, and has the same number.
const ip6OriginalDestination = 80

// intercepted tells whether an original destination is known and is not the socket's own address.
func intercepted(fd int) bool {
	own, ok := ownAddress(fd)
	if !ok {
		return false
	}
	meant, ok := destination(fd, own.Addr())
	return ok && meant != own
}

func ownAddress(fd int) (netip.AddrPort, bool) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, false
	}
	switch address := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(address.Addr), uint16(address.Port)), true
	case *unix.SockaddrInet6:
		// A socket for both families has IPv4 connections as well, which have to be asked about as such.
		return netip.AddrPortFrom(netip.AddrFrom16(address.Addr).Unmap(), uint16(address.Port)), true
	}
	return netip.AddrPort{}, false
}

// destination asks for a socket address. Package unix has no function for it, but some that fetch structures of at least
// the size of one.
func destination(fd int, own netip.Addr) (netip.AddrPort, bool) {
	if own.Is4() {
		raw, err := unix.GetsockoptIPv6Mreq(fd, unix.SOL_IP, unix.SO_ORIGINAL_DST)
		if err != nil {
			return netip.AddrPort{}, false
		}
		address := (*unix.RawSockaddrInet4)(unsafe.Pointer(raw))
		return netip.AddrPortFrom(netip.AddrFrom4(address.Addr), fromNetwork(address.Port)), true
	}
	raw, err := unix.GetsockoptIPv6MTUInfo(fd, unix.SOL_IPV6, ip6OriginalDestination)
	if err != nil {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(netip.AddrFrom16(raw.Addr.Addr), fromNetwork(raw.Addr.Port)), true
}

func fromNetwork(port uint16) uint16 {
	var bytes [2]byte
	binary.NativeEndian.PutUint16(bytes[:], port)
	return binary.BigEndian.Uint16(bytes[:])
}
