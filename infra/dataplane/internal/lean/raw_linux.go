package lean

import (
	"context"
	"errors"
	"net"
)

func serveWorkers(context.Context, net.Listener, *proxy) error { return errors.New("soon") }
func serveLoops(context.Context, net.Listener, *proxy) error   { return errors.New("soon") }
