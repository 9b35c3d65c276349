//go:build !linux

package lean

import (
	"context"
	"errors"
	"net"
)

var errNotLinux = errors.New("lean: concurrency worker-pool and event-loop need Linux's epoll")

func serveWorkers(context.Context, net.Listener, *proxy) error { return errNotLinux }
func serveLoops(context.Context, net.Listener, *proxy) error   { return errNotLinux }
