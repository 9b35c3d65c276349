package sidecar

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"meshmark/dataplane/internal/admin"
)

// upstreamH3 sends requests over QUIC. All connections share one UDP socket.
type upstreamH3 struct {
	next     http.RoundTripper
	packets  *quic.Transport
	counters *admin.Counters
	early    bool
	// stale is set once early data was refused, as by a server that has started anew: the session is of no use, and the
	// next connection makes a whole handshake, which brings a new one.
	stale atomic.Bool
}

func newUpstreamH3(options Options, config *tls.Config, counters *admin.Counters) (upstream, error) {
	if err := os.Setenv(quietReceiveBuffer, "true"); err != nil {
		return upstream{}, fmt.Errorf("quiet quic-go: %w", err)
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return upstream{}, fmt.Errorf("open a socket for QUIC: %w", err)
	}
	client := &upstreamH3{
		packets: &quic.Transport{Conn: socket}, counters: counters, early: options.EarlyData,
	}
	settings := &quic.Config{
		HandshakeIdleTimeout: handshakeLimit,
		MaxIdleTimeout:       silenceLimitH3,
		KeepAlivePeriod:      keepAliveH3,
		MaxIncomingStreams:   -1, // A server of HTTP opens none.
	}
	transport := &http3.Transport{
		TLSClientConfig: config, QUICConfig: settings, Dial: client.dial, DisableCompression: true,
	}
	client.next = transport
	if options.UpstreamConnections == "fresh" {
		client.next = freshConnections{func(ctx context.Context) (singleUse, error) {
			connection, err := client.dial(ctx, options.Upstream, config, settings)
			if err != nil {
				return nil, err
			}
			return ownConnection{transport.NewClientConn(connection)}, nil
		}}
	}
	return upstream{client, func() {
		_ = transport.Close()
		_ = client.packets.Close()
		_ = socket.Close()
	}}, nil
}

// ownConnection closes without an error code, which tells the server that nothing went wrong.
type ownConnection struct{ *http3.ClientConn }

func (c ownConnection) Close() error {
	return c.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
}

// RoundTrip sends a GET or HEAD as early data where that is asked for; http3 waits with all others for the handshake.
// Early data that the server refuses it has not read either, so that the request may be sent again.
func (u *upstreamH3) RoundTrip(request *http.Request) (*http.Response, error) {
	if !u.early || request.Body != nil && request.Body != http.NoBody {
		return u.next.RoundTrip(request)
	}
	early := *request
	switch request.Method {
	case http.MethodGet:
		early.Method = http3.MethodGet0RTT
	case http.MethodHead:
		early.Method = http3.MethodHead0RTT
	}
	response, err := u.next.RoundTrip(&early)
	if errors.Is(err, quic.Err0RTTRejected) {
		u.stale.Store(true)
		return u.next.RoundTrip(request)
	}
	return response, err
}

// dial is also http3.Transport's, which then looks after the connection.
func (u *upstreamH3) dial(
	ctx context.Context, address string, config *tls.Config, settings *quic.Config,
) (*quic.Conn, error) {
	u.counters.UpstreamDials.Add(1)
	to, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", address, err)
	}
	if u.early && !u.stale.Load() {
		connection, err := u.packets.DialEarly(ctx, to, config, settings)
		if err == nil {
			u.awaitHandshake(connection)
		}
		return connection, err
	}
	connection, err := u.packets.Dial(ctx, to, config, settings)
	if err != nil {
		return nil, err
	}
	u.stale.Store(false)
	countHandshake(connection.ConnectionState().TLS, u.counters)
	return connection, nil
}

// awaitHandshake counts the handshake once it is complete, at once if it is already.
func (u *upstreamH3) awaitHandshake(connection *quic.Conn) {
	select {
	case <-connection.HandshakeComplete():
		countHandshake(connection.ConnectionState().TLS, u.counters)
		return
	default:
	}
	go func() {
		select {
		case <-connection.HandshakeComplete():
		case <-connection.Context().Done():
			select {
			case <-connection.HandshakeComplete(): // Both, as when its only answer has been read.
			default:
				return
			}
		}
		state := connection.ConnectionState()
		countHandshake(state.TLS, u.counters)
		if state.Used0RTT {
			u.counters.HandshakesEarly.Add(1)
			return
		}
		// Refused: http3 would keep the connection, on which no stream opens any more.
		u.stale.Store(true)
		_ = connection.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "early data was refused")
	}()
}
