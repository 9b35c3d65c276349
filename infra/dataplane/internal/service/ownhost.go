package service

import (
	"net"

	"meshmark/dataplane/internal/admin"
)

// ownHostListener counts connections from this host's own addresses: with a pod of its own, who is there is a proxy that
// stands beside the service, and everybody else has come past it.
type ownHostListener struct {
	net.Listener
	counters *admin.Counters
}

func (l ownHostListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err == nil && fromOwnHost(connection.LocalAddr(), connection.RemoteAddr()) {
		l.counters.ConnectionsFromOwnHost.Add(1)
	}
	return connection, err
}

func fromOwnHost(local, remote net.Addr) bool {
	to, is := local.(*net.TCPAddr)
	from, too := remote.(*net.TCPAddr)
	return is && too && (from.IP.IsLoopback() || from.IP.Equal(to.IP))
}
