package service

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"meshmark/dataplane/internal/identity"
	"meshmark/dataplane/internal/serving"
)

const (
	// streamsOfH3 bounds the requests that one client has in flight; quic-go's own 100 would throttle.
	streamsOfH3 = 1000
	// idleLimitH3 is longer than any slice's pause.
	idleLimitH3 = 10 * time.Minute
)

// runH3 is run for a service whose traffic comes in packets.
func (s *service) runH3(ctx context.Context, listen *serving.Options, stdout io.Writer) error {
	own, err := identity.Load(s.options.Identity)
	if err != nil {
		return fmt.Errorf("--protocol h3: %w", err)
	}
	sockets, err := serving.ListenPackets(ctx, listen)
	if err != nil {
		return err
	}
	serve := func(net.Listener) error { return s.serveH3(ctx, sockets.Packets, own) }
	return serving.Run(ctx, sockets, stdout, serve, s.admin())
}

// serveH3 answers HTTP/3 until ctx is done and then tells the clients that it ends.
func (s *service) serveH3(ctx context.Context, packets net.PacketConn, own *identity.Identity) error {
	// quic-go would print that the kernel allows it less buffer than it would like.
	if err := os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true"); err != nil {
		return fmt.Errorf("quiet quic-go: %w", err)
	}
	transport := &quic.Transport{Conn: packets}
	defer transport.Close()
	listener, err := transport.ListenEarly(http3.ConfigureTLSConfig(own.ServerConfig()), &quic.Config{
		MaxIdleTimeout: idleLimitH3, MaxIncomingStreams: streamsOfH3,
	})
	if err != nil {
		return fmt.Errorf("listen for QUIC: %w", err)
	}
	server := &http3.Server{Handler: http.HandlerFunc(func(answer http.ResponseWriter, asked *http.Request) {
		s.answer(answer, asked, &s.counters.RequestsH3)
	})}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = server.Close()
	})
	err = server.ServeListener(countedQUIC{listener, s})
	if !stop() {
		<-closed
	}
	return err
}

// countedQUIC counts the connections accepted.
type countedQUIC struct {
	*quic.EarlyListener
	service *service
}

func (l countedQUIC) Accept(ctx context.Context) (*quic.Conn, error) {
	connection, err := l.EarlyListener.Accept(ctx)
	if err == nil {
		l.service.counters.ConnectionsAccepted.Add(1)
	}
	return connection, err
}
