package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"meshmark/dataplane/internal/bpf"
)

// parseEndpoint reads host:port with an address in place of a name.
func parseEndpoint(text string) (netip.AddrPort, error) {
	endpoint, err := netip.ParseAddrPort(text)
	if err != nil || endpoint.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("%q must be an address with a port, such as 127.0.0.1:8080 or [::1]:8080", text)
	}
	return netip.AddrPortFrom(endpoint.Addr().Unmap(), endpoint.Port()), nil
}

// keyOf is an endpoint as the programs know it.
func keyOf(endpoint netip.AddrPort) bpf.AgentMmEndpoint {
	bytes := endpoint.Addr().As16()
	key := bpf.AgentMmEndpoint{Port: uint32(endpoint.Port())}
	for word := range key.Address {
		// Both sides keep the bytes in the order of the network.
		key.Address[word] = binary.NativeEndian.Uint32(bytes[4*word:])
	}
	return key
}
