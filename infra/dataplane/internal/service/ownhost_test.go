package service

import (
	"net"
	"testing"
)

func TestFromOwnHost(t *testing.T) {
	at := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 8080} }
	for _, one := range []struct {
		local, remote string
		own           bool
	}{
		// Sidecars of meshes come from addresses of loopback, such as Istio's 127.0.0.6, or from the pod's own.
		{"127.0.0.1", "127.0.0.6", true},
		{"10.244.0.5", "10.244.0.5", true},
		{"::ffff:10.244.0.5", "10.244.0.5", true},
		{"fd00::5", "fd00::5", true},
		{"10.244.0.5", "10.244.1.9", false},
		{"fd00::5", "fd00::9", false},
	} {
		if got := fromOwnHost(at(one.local), at(one.remote)); got != one.own {
			t.Errorf("%s from %s: %v", one.local, one.remote, got)
		}
	}
}
