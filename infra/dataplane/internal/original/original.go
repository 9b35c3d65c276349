// Package original tells where an accepted connection was meant to go before something on the way, a firewall's rule or a
// program in the kernel, redirected it to the socket that accepted it.
//
//	listener = original.Counted(listener, counters)
//
// Both a firewall's rule (netfilter's connection tracking) and a program on getsockopt answer the same question to the
// socket: SO_ORIGINAL_DST.
package original

import (
	"net"
	"syscall"

	"meshmark/dataplane/internal/admin"
)

// Count looks at an accepted socket, and counts whether it was meant for another address than the one it came to.
func Count(fd int, counters *admin.Counters) {
	if intercepted(fd) {
		counters.ConnectionsIntercepted.Add(1)
	} else {
		counters.ConnectionsNotIntercepted.Add(1)
	}
}

// Counted has every connection that is accepted counted, and hands it out as it is.
func Counted(listener net.Listener, counters *admin.Counters) net.Listener {
	return countedListener{listener, counters}
}

type countedListener struct {
	net.Listener
	counters *admin.Counters
}

// Unwrap gives the listener underneath to who takes connections from the socket itself, and then has to count them.
func (l countedListener) Unwrap() net.Listener { return l.Listener }

func (l countedListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if plain, ok := connection.(syscall.Conn); ok {
		if raw, err := plain.SyscallConn(); err == nil {
			// A connection that is closed already has nothing to be counted by.
			_ = raw.Control(func(fd uintptr) { Count(int(fd), l.counters) })
		}
	}
	return connection, nil
}
