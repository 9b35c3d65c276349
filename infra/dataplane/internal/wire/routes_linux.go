package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// benchmarking is the range that RFC 2544 sets aside for measuring between two networks: no host on the internet
// has such an address.
var benchmarking = netip.MustParsePrefix("198.18.0.0/15")

// narrowestDefaultBits: a route to a wider network than this is a default route in all but name, as VPNs set up in
// halves and quarters.
const narrowestDefaultBits = 7

// chooseAddresses finds the two hosts of a /30 that no route of the calling thread's namespace overlaps, default
// routes aside. The search starts where the pid says, so that wires made at the same moment do not meet.
func chooseAddresses() (a, b netip.Prefix, err error) {
	dump, err := syscall.NetlinkRIB(unix.RTM_GETROUTE, unix.AF_INET)
	if err != nil {
		return a, b, fmt.Errorf("list the routes: %w", err)
	}
	taken, err := parseRoutes(dump)
	if err != nil {
		return a, b, fmt.Errorf("list the routes: %w", err)
	}
	return freeNetwork(taken, os.Getpid())
}

func freeNetwork(taken []netip.Prefix, start int) (a, b netip.Prefix, err error) {
	const networks = 1 << (30 - 15)
	first := benchmarking.Addr().As4()
	base := binary.BigEndian.Uint32(first[:])
	for step := range networks {
		network := base + uint32((start+step)%networks)*4
		a, b = hostOf(network+1), hostOf(network+2)
		if !overlapsAny(a, taken) {
			return a, b, nil
		}
	}
	return a, b, fmt.Errorf("every network of %s is routed already: give --a-address and --b-address", benchmarking)
}

func hostOf(address uint32) netip.Prefix {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], address)
	return netip.PrefixFrom(netip.AddrFrom4(bytes), 30)
}

func overlapsAny(wanted netip.Prefix, taken []netip.Prefix) bool {
	for _, prefix := range taken {
		if prefix.Overlaps(wanted) {
			return true
		}
	}
	return false
}

// parseRoutes reads the destinations of an rtnetlink dump of IPv4 routes, those of all tables but without the default
// routes, which cover everything.
func parseRoutes(dump []byte) ([]netip.Prefix, error) {
	messages, err := syscall.ParseNetlinkMessage(dump)
	if err != nil {
		return nil, err
	}
	var prefixes []netip.Prefix
	for _, message := range messages {
		if message.Header.Type != unix.RTM_NEWROUTE {
			continue
		}
		if len(message.Data) < unix.SizeofRtMsg {
			return nil, errors.New("a route message is cut short")
		}
		bits := int(message.Data[1])
		if message.Data[0] != unix.AF_INET || bits <= narrowestDefaultBits {
			continue
		}
		destination, err := routeAttribute(message.Data[unix.SizeofRtMsg:], unix.RTA_DST)
		if err != nil {
			return nil, err
		}
		address, ok := netip.AddrFromSlice(destination)
		if !ok || !address.Is4() || bits > 32 {
			return nil, errors.New("a route's destination is no IPv4 network")
		}
		prefixes = append(prefixes, netip.PrefixFrom(address, bits))
	}
	return prefixes, nil
}

// routeAttribute is the value of the first attribute of this kind, or nil. The standard library's parser panics where
// the last attribute lacks its padding.
func routeAttribute(attributes []byte, kind uint16) ([]byte, error) {
	for len(attributes) >= unix.SizeofRtAttr {
		length := int(binary.NativeEndian.Uint16(attributes))
		if length < unix.SizeofRtAttr || length > len(attributes) {
			return nil, errors.New("a route's attribute is cut short")
		}
		if binary.NativeEndian.Uint16(attributes[2:]) == kind {
			return attributes[unix.SizeofRtAttr:length], nil
		}
		attributes = attributes[min((length+3)&^3, len(attributes)):]
	}
	return nil, nil
}
