package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// reachLimit is how long a connection may take to be made.
const reachLimit = 5 * time.Second

// tryConnecting tells how a connection from this pod to an address goes: `accepted`, `denied` when the kernel forbids it
// (EPERM, as a program on the pod's cgroup does), or what else came of it.
func tryConnecting(address string) string {
	connection, err := net.DialTimeout("tcp", address, reachLimit)
	switch {
	case err == nil:
		connection.Close()
		return "accepted"
	case errors.Is(err, syscall.EPERM):
		return "denied"
	default:
		return err.Error()
	}
}

// relay carries connections to an address of this pod on to another until ctx ends: who comes from outside then goes the
// way that the pod's own processes go.
func relay(ctx context.Context, from, to string) error {
	listener, err := net.Listen("tcp", from)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go carry(connection, to)
		}
	}()
	return nil
}

func carry(near net.Conn, to string) {
	defer near.Close()
	far, err := net.DialTimeout("tcp", to, reachLimit)
	if err != nil {
		return
	}
	defer far.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(near, far)
		near.Close()
	}()
	_, _ = io.Copy(far, near)
	if closer, can := far.(*net.TCPConn); can {
		_ = closer.CloseWrite()
	}
	<-back
}
