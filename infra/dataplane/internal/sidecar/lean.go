package sidecar

import (
	"context"
	"crypto/tls"
	"net"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/duties"
	"meshmark/dataplane/internal/lean"
	"meshmark/dataplane/internal/original"
)

// serveLean forwards requests of http1 by the lean implementation until ctx is done or the listener is closed.
func serveLean(
	ctx context.Context, listener net.Listener, options Options, own *identity, mesh *duties.Duties,
	counters *admin.Counters, faults *faultLog,
) error {
	settings := lean.Options{
		Upstream:                options.Upstream,
		Concurrency:             options.Concurrency,
		Workers:                 options.Workers,
		Buffers:                 options.Buffers,
		UpstreamConnections:     options.UpstreamConnections,
		IdleUpstreamConnections: options.IdleUpstreamConnections,
		HopTimes:                options.HopTimes,
		Duties:                  mesh,
	}
	if options.Intercepted {
		settings.Accepted = func(fd int) { original.Count(fd, counters) }
	}
	if options.Burn > 0 {
		settings.BurnCPU = func() { burnCPU(options.Burn) }
	}
	if options.ListenSecurity == "mtls" {
		listener = tls.NewListener(listener, own.serverConfig(options))
		settings.ClientHandshake = func(state tls.ConnectionState) (perRequest func()) {
			if len(state.VerifiedChains) == 0 {
				return nil
			}
			return func() { counters.RequestsVerified.Add(1) }
		}
	}
	if options.UpstreamSecurity == "mtls" {
		settings.UpstreamTLS = own.clientConfig(options)
		settings.UpstreamHandshake = func(state tls.ConnectionState) (perRequest func()) {
			countHandshake(state, counters)
			return func() { countUpstreamSecurity(&state, counters) }
		}
	}
	return lean.Serve(ctx, listener, settings, counters, faults.report)
}
