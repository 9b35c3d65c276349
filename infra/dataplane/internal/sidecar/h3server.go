package sidecar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"meshmark/dataplane/internal/admin"
)

const (
	// streamsOfH3 bounds the requests that one client has in flight; more wait. quic-go's own 100 would throttle.
	streamsOfH3 = 1000
	// A QUIC connection whose peer was killed hears nothing, where TCP's would be reset. The client asks after it
	// every keepAliveH3 and gives it up after silenceLimitH3, which is when requests in flight fail.
	keepAliveH3    = 5 * time.Second
	silenceLimitH3 = 15 * time.Second
	// quietReceiveBuffer has quic-go not print that the kernel allows it less buffer than it would like.
	quietReceiveBuffer = "QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING"
)

// serveH3 answers requests of h3 until ctx is done; it then tells the clients that it ends.
func serveH3(
	ctx context.Context, packets net.PacketConn, options Options, own *identity, handler http.Handler,
	counters *admin.Counters,
) error {
	if err := os.Setenv(quietReceiveBuffer, "true"); err != nil {
		return fmt.Errorf("quiet quic-go: %w", err)
	}
	transport := &quic.Transport{Conn: packets}
	defer transport.Close()
	listener, err := transport.ListenEarly(http3.ConfigureTLSConfig(own.serverConfig(options)), &quic.Config{
		HandshakeIdleTimeout: handshakeLimit,
		MaxIdleTimeout:       idleLimit,
		MaxIncomingStreams:   streamsOfH3,
		Allow0RTT:            options.EarlyData,
	})
	if err != nil {
		return fmt.Errorf("listen for QUIC: %w", err)
	}
	server := &http3.Server{
		Handler: withTrailersShared(withBodiesSettled(handler)),
		// ReverseProxy breaks an answer off, when the upstream did, only where it sees net/http's server in the context;
		// without it half a body would pass for a whole one.
		ConnContext: func(ctx context.Context, _ *quic.Conn) context.Context {
			return context.WithValue(ctx, http.ServerContextKey, &http.Server{})
		},
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = server.Close()
	})
	err = server.ServeListener(countedQUIC{listener, counters})
	if !stop() {
		<-closed
	}
	return err
}

// countedQUIC counts the connections accepted, and those of them whose handshake then failed: QUIC connections are
// accepted before the client has shown its certificate, though no request is read of them until it has.
type countedQUIC struct {
	*quic.EarlyListener
	counters *admin.Counters
}

func (l countedQUIC) Accept(ctx context.Context) (*quic.Conn, error) {
	connection, err := l.EarlyListener.Accept(ctx)
	if err != nil {
		return nil, err
	}
	l.counters.ConnectionsAccepted.Add(1)
	context.AfterFunc(connection.Context(), func() {
		if handshakeFailed(context.Cause(connection.Context())) {
			l.counters.HandshakesRefused.Add(1)
		}
	})
	return connection, nil
}

// handshakeFailed tells from why a connection ended. That its handshake was not complete would not do: a client whose
// early request has been answered may close the connection before it has finished.
func handshakeFailed(why error) bool {
	if failed, ok := errors.AsType[*quic.TransportError](why); ok {
		return failed.ErrorCode.IsCryptoError()
	}
	_, late := errors.AsType[*quic.HandshakeTimeoutError](why)
	return late
}

// withBodiesSettled finds out whether a GET or HEAD has a body. http3's server cannot say so before it has read on, and
// a request whose body may exist would be sent on as a stream, over http1 in chunks.
func withBodiesSettled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		safe := request.Method == http.MethodGet || request.Method == http.MethodHead
		if !safe || request.ContentLength > 0 {
			next.ServeHTTP(answer, request)
			return
		}
		var first [1]byte
		count, err := io.ReadFull(request.Body, first[:])
		switch {
		case count > 0:
			request.Body = &resumedBody{ReadCloser: request.Body, first: first[:]}
		case errors.Is(err, io.EOF):
			request.Body, request.ContentLength = http.NoBody, 0
		default:
			// The client broke the stream off.
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(answer, request)
	})
}

// withTrailersShared fills the map of announced trailers once the body has ended, as net/http's servers do. http3's
// replaces it in the request that it made, which handlers may have copied since.
func withTrailersShared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if announced := request.Trailer; len(announced) > 0 {
			request.Body = &sharedTrailers{ReadCloser: request.Body, request: request, announced: announced}
		}
		next.ServeHTTP(answer, request)
	})
}

type sharedTrailers struct {
	io.ReadCloser
	request   *http.Request
	announced http.Header
}

func (b *sharedTrailers) Read(buffer []byte) (int, error) {
	count, err := b.ReadCloser.Read(buffer)
	if err == io.EOF {
		for name, values := range b.request.Trailer {
			b.announced[name] = values
		}
	}
	return count, err
}

// resumedBody is a body whose first byte has been read already.
type resumedBody struct {
	io.ReadCloser
	first []byte
}

func (b *resumedBody) Read(buffer []byte) (int, error) {
	if len(b.first) > 0 && len(buffer) > 0 {
		count := copy(buffer, b.first)
		b.first = b.first[count:]
		return count, nil
	}
	return b.ReadCloser.Read(buffer)
}
