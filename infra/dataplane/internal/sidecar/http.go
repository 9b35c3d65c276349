package sidecar

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"time"

	"meshmark/dataplane/internal/admin"
)

// idleLimit is longer than a variant waits for its turn, so that a run never meets a connection closed for being idle.
const idleLimit = 15 * time.Minute

// serveHTTP answers requests of http1 and h2 until the listener is closed.
func serveHTTP(
	listener net.Listener, options Options, own *identity, handler http.Handler, counters *admin.Counters, faults *faultLog,
) error {
	server := &http.Server{
		Handler: handler,
		// Not shorter: a connection that has yet to send its first request is idle too.
		ReadHeaderTimeout: idleLimit,
		IdleTimeout:       idleLimit,
		Protocols:         protocols(options.ListenProtocol, options.ListenSecurity),
		ErrorLog:          log.New(faults, "", 0),
	}
	if options.ListenProtocol == "http1" {
		server.Handler = refusingAmbiguity(handler)
		if options.ListenSecurity == "plain" {
			listener = rememberingListener{listener}
			server.ConnContext = keepConnection
			server.ConnState = endSpent
		}
	}
	if options.ListenSecurity == "mtls" {
		// The configuration is the listener's and not the server's, which would demand that h2 may use AES-128-GCM.
		listener = tls.NewListener(listener, own.serverConfig(options))
		server.ConnState = countRefusals(counters)
	}
	return server.Serve(listener)
}

// countRefusals counts connections that end before their handshake is complete.
func countRefusals(counters *admin.Counters) func(net.Conn, http.ConnState) {
	return func(connection net.Conn, state http.ConnState) {
		if state != http.StateClosed {
			return
		}
		if secured, ok := connection.(*tls.Conn); ok && !secured.ConnectionState().HandshakeComplete {
			counters.HandshakesRefused.Add(1)
		}
	}
}
