package sidecar

import (
	"context"
	"errors"
	"net/http"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/serving"
)

// engine serves the traffic until its sockets are closed or, where that is packets, its context is done.
type engine func(serving.Sockets) error

// newEngine puts together what the options ask for. The function returned beside it ends what the engine has opened.
func newEngine(
	ctx context.Context, options Options, own *identity, counters *admin.Counters, faults *faultLog,
) (engine, func(), error) {
	dial := countedDialer(counters)
	if options.HTTP == "lean" {
		return nil, nil, errors.New("--http lean is not in this binary")
	}
	if options.ListenProtocol == "tcp" {
		return func(sockets serving.Sockets) error {
			return serveTCP(ctx, sockets.Traffic, options, own, dial, counters, faults)
		}, func() {}, nil
	}
	handler, closeHandler, err := newHandler(options, own, dial, counters, faults)
	if err != nil {
		return nil, nil, err
	}
	return func(sockets serving.Sockets) error {
		if options.ListenProtocol == "h3" {
			return serveH3(ctx, sockets.Packets, options, own, handler, counters)
		}
		return serveHTTP(sockets.Traffic, options, own, handler, counters, faults)
	}, closeHandler, nil
}

// newHandler is the chain that every request goes through: counting and timing, burning, policy, duties, the one
// channel, the proxy. What an option leaves out costs nothing.
func newHandler(
	options Options, own *identity, dial dialer, counters *admin.Counters, faults *faultLog,
) (http.Handler, func(), error) {
	switch {
	case options.Policy != "none":
		return nil, nil, errors.New("--policy is not in this binary")
	case options.Duties != "bare":
		return nil, nil, errors.New("--duties mesh is not in this binary")
	case options.Concurrency == "channel":
		return nil, nil, errors.New("--concurrency channel is not in this binary")
	}
	to, err := newUpstream(options, own, dial, counters)
	if err != nil {
		return nil, nil, err
	}
	transport := &meter{next: witnessed{to, counters}, counters: counters, timed: options.HopTimes}
	handler := newProxy(options, transport, counters, faults)
	if options.Burn > 0 {
		handler = burning(options, handler)
	}
	return counted(counters, options.HopTimes, handler), to.close, nil
}

func burning(options Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		burnCPU(options.Burn)
		next.ServeHTTP(answer, request)
	})
}
