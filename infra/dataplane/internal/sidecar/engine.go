package sidecar

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/duties"
	"meshmark/dataplane/internal/serving"
	"meshmark/dataplane/internal/sockmap"
)

// engine is what the options ask for, put together.
type engine struct {
	// prepare is called with the sockets before anybody is told of them.
	prepare func(serving.Sockets) error
	// serve returns once the sockets are closed or, where the traffic is packets, its context is done.
	serve func(serving.Sockets) error
	// routes answers GET /routes of the admin port; nil without duties.
	routes http.HandlerFunc
	// closers end what the engine has opened, the last one first.
	closers []func()
}

func (e *engine) close() {
	for _, closer := range slices.Backward(e.closers) {
		closer()
	}
}

// newEngine returns an engine that is to be closed, also beside an error.
func newEngine(
	ctx context.Context, options Options, own *identity, counters *admin.Counters, faults *faultLog,
) (*engine, error) {
	made := &engine{prepare: func(serving.Sockets) error { return nil }}
	mesh, err := made.newDuties(options, counters, faults)
	if err != nil {
		return made, err
	}
	dial := countedDialer(counters, nil)
	switch {
	case options.HTTP == "lean":
		made.serve = func(sockets serving.Sockets) error {
			return serveLean(ctx, sockets.Traffic, options, own, mesh, counters, faults)
		}
		return made, nil
	case options.ListenProtocol == "tcp":
		var kernel *sockmap.Table
		made.prepare = func(sockets serving.Sockets) (err error) {
			if kernel, err = openKernel(options, sockets.Traffic.Addr(), counters, faults); kernel != nil {
				made.closers = append(made.closers, func() { _ = kernel.Close() })
			}
			return err
		}
		made.serve = func(sockets serving.Sockets) error {
			return serveTCP(ctx, sockets.Traffic, options, own, dial, kernel, counters, faults)
		}
		return made, nil
	}
	handler, err := made.newHandler(options, own, dial, mesh, counters, faults)
	if err != nil {
		return made, err
	}
	made.serve = func(sockets serving.Sockets) error {
		if options.ListenProtocol == "h3" {
			return serveH3(ctx, sockets.Packets, options, own, handler, counters)
		}
		return serveHTTP(sockets.Traffic, options, own, handler, counters, faults)
	}
	return made, nil
}

// newDuties returns nil for a bare sidecar.
func (e *engine) newDuties(options Options, counters *admin.Counters, faults *faultLog) (*duties.Duties, error) {
	if options.Duties != "mesh" {
		return nil, nil
	}
	mesh, err := duties.New(duties.Options{Role: options.Role, AccessLogFile: options.AccessLog}, counters)
	if err != nil {
		return nil, fmt.Errorf("--duties mesh: %w", err)
	}
	e.routes = mesh.ServeRoutes
	e.closers = append(e.closers, func() {
		if err := mesh.Close(); err != nil {
			faults.report(err.Error())
		}
	})
	return mesh, nil
}

// newHandler is the chain that every request goes through: counting and timing, burning, policy, duties, the one
// channel, the proxy. What an option leaves out costs nothing.
func (e *engine) newHandler(
	options Options, own *identity, dial dialer, mesh *duties.Duties, counters *admin.Counters, faults *faultLog,
) (http.Handler, error) {
	permitted, closePolicy, err := newPolicy(options, counters, faults)
	if err != nil {
		return nil, fmt.Errorf("--policy: %w", err)
	}
	e.closers = append(e.closers, closePolicy)
	to, err := newUpstream(options, own, dial, counters)
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, to.close)
	var transport http.RoundTripper = witnessed{to, counters}
	if mesh != nil {
		transport = mesh.RoundTripper(transport)
	}
	// Outermost, so that a request's time upstream includes its retries.
	transport = &meter{next: transport, counters: counters, timed: options.HopTimes}
	handler := newProxy(options, transport, counters, faults)
	if options.Concurrency == "channel" {
		handler = newChannel(counters)(handler)
	}
	if mesh != nil {
		handler = mesh.Wrap(handler)
	}
	handler = permitted(handler)
	if options.Burn > 0 {
		handler = burning(options, handler)
	}
	return counted(counters, options.HopTimes, handler), nil
}

func burning(options Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		burnCPU(options.Burn)
		next.ServeHTTP(answer, request)
	})
}
