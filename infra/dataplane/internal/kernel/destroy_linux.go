package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/bpf"
)

// The kernel's list of sockets, and the means to end one from outside (sock_diag(7); linux/inet_diag.h has the layouts).
const (
	diagRequestBytes  = 56
	diagMessageBytes  = 72
	diagIdentityAt    = 8 // in a request
	diagIdentityBytes = 48
	netlinkHeader     = unix.NLMSG_HDRLEN
	// Every state but LISTEN, TIME_WAIT and NEW_SYN_RECV: connections that may carry data (net/tcp_states.h).
	connectedStates = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<8 | 1<<9 | 1<<11
)

// diagSocket is a connection as the kernel lists it.
type diagSocket struct {
	family   byte
	identity []byte
	local    netip.AddrPort
	remote   netip.AddrPort
}

// destroyDenied ends every connection that leads to something denied, so that its ends learn of it at once and not by a
// timeout. It returns how many it ended; where the kernel cannot (CONFIG_INET_DIAG_DESTROY), packets are dropped all the
// same, by the programs.
func (a *agent) destroyDenied() int {
	if len(a.denied) == 0 {
		return 0
	}
	destroyed := 0
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		sockets, err := listSockets(family)
		if err != nil {
			continue
		}
		for _, socket := range sockets {
			if a.leadsToDenied(socket) && destroySocket(socket) == nil {
				destroyed++
			}
		}
	}
	return destroyed
}

// leadsToDenied looks at both ends, since either socket of a connection on this machine is in the list.
func (a *agent) leadsToDenied(socket diagSocket) bool {
	for _, view := range []bpf.AgentMmConnection{
		{Local: keyOf(socket.local), Remote: keyOf(socket.remote)},
		{Local: keyOf(socket.remote), Remote: keyOf(socket.local)},
	} {
		var origin bpf.AgentMmEndpoint
		known := a.objects.MmOrigins.Lookup(view, &origin) == nil
		for _, denied := range a.denied {
			key := keyOf(denied)
			if view.Local == key || (known && origin == key) {
				return true
			}
		}
	}
	return false
}

// listSockets asks for the TCP connections of one family.
func listSockets(family byte) ([]diagSocket, error) {
	request := make([]byte, diagRequestBytes)
	request[0], request[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], connectedStates)
	var sockets []diagSocket
	err := askDiag(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, request, func(message []byte) {
		if len(message) < diagMessageBytes {
			return
		}
		identity := append([]byte(nil), message[4:4+diagIdentityBytes]...)
		sockets = append(sockets, diagSocket{
			family:   family,
			identity: identity,
			local:    diagEnd(family, identity[0:2], identity[4:20]),
			remote:   diagEnd(family, identity[2:4], identity[20:36]),
		})
	})
	return sockets, err
}

func diagEnd(family byte, port, address []byte) netip.AddrPort {
	if family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(address[:4])), binary.BigEndian.Uint16(port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(address)).Unmap(), binary.BigEndian.Uint16(port))
}

func destroySocket(socket diagSocket) error {
	request := make([]byte, diagRequestBytes)
	request[0], request[1] = socket.family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], connectedStates)
	copy(request[diagIdentityAt:], socket.identity)
	return askDiag(unix.SOCK_DESTROY, unix.NLM_F_ACK, request, func([]byte) {})
}

// askDiag sends one message and hands each part of the answer to take. It returns the error that the kernel answers with.
func askDiag(kind, flags uint16, payload []byte, take func([]byte)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	message := make([]byte, netlinkHeader, netlinkHeader+len(payload))
	binary.NativeEndian.PutUint32(message[0:], uint32(netlinkHeader+len(payload)))
	binary.NativeEndian.PutUint16(message[4:], kind)
	binary.NativeEndian.PutUint16(message[6:], unix.NLM_F_REQUEST|flags)
	if err := unix.Sendto(fd, append(message, payload...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		for rest := buffer[:n]; len(rest) >= netlinkHeader; {
			length := int(binary.NativeEndian.Uint32(rest))
			if length < netlinkHeader || length > len(rest) {
				return fmt.Errorf("a message of %d bytes in %d", length, len(rest))
			}
			body := rest[netlinkHeader:length]
			switch binary.NativeEndian.Uint16(rest[4:]) {
			case unix.NLMSG_DONE:
				return nil
			case unix.NLMSG_ERROR:
				if len(body) < 4 {
					return fmt.Errorf("an error of %d bytes", len(body))
				}
				if code := int32(binary.NativeEndian.Uint32(body)); code != 0 {
					return unix.Errno(-code)
				}
				return nil
			default:
				take(body)
			}
			rest = rest[min((length+unix.NLMSG_ALIGNTO-1)&^(unix.NLMSG_ALIGNTO-1), len(rest)):]
		}
	}
}
