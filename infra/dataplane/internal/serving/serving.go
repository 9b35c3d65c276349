// Package serving is what every server of this binary does around its own work: two listening sockets, one line that
// says where they are, and an end on SIGTERM. A server of QUIC takes its traffic from a UDP socket (ListenPackets).
//
//	flags := flag.NewFlagSet("service", flag.ContinueOnError)
//	options := serving.AddFlags(flags)
//	…
//	sockets, err := serving.Listen(ctx, options)
//	return serving.Run(ctx, sockets, stdout, server, adminHandler)
package serving

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// Options say where a server listens. Port 0 has the kernel choose.
type Options struct {
	Listen string
	Admin  string
}

// AddFlags defines --listen and --admin.
func AddFlags(flags *flag.FlagSet) *Options {
	options := &Options{}
	flags.StringVar(&options.Listen, "listen", "127.0.0.1:0", "`host:port` to serve on; port 0 has the kernel choose")
	flags.StringVar(&options.Admin, "admin", "127.0.0.1:0", "`host:port` of the admin port")
	return options
}

// Parse reads the arguments. It returns false when the process should end with the exit code beside it: 0 after
// -h, 2 after a mistake, which it has explained on the flag set's output.
func Parse(flags *flag.FlagSet, args []string) (code int, ok bool) {
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0, false
	case err != nil:
		return 2, false
	case flags.NArg() > 0:
		fmt.Fprintf(flags.Output(), "dataplane %s: unexpected argument %q\n", flags.Name(), flags.Arg(0))
		return 2, false
	}
	return 0, true
}

// Sockets are a server's two listening sockets, which accept from the moment they exist.
type Sockets struct {
	// Traffic is nil where the traffic comes in packets.
	Traffic net.Listener
	// Packets is the UDP socket of a server of QUIC, else nil.
	Packets net.PacketConn
	Admin   net.Listener
}

// Close closes them; Run does so by itself.
func (s Sockets) Close() {
	if s.Traffic != nil {
		s.Traffic.Close()
	}
	if s.Packets != nil {
		s.Packets.Close()
	}
	s.Admin.Close()
}

// traffic is the address that clients send to; a server of nothing but answers to its admin has that one.
func (s Sockets) traffic() net.Addr {
	switch {
	case s.Packets != nil:
		return s.Packets.LocalAddr()
	case s.Traffic != nil:
		return s.Traffic.Addr()
	default:
		return s.Admin.Addr()
	}
}

// RunAdmin is Run for a process that has no traffic of its own and only answers on its admin port.
func RunAdmin(ctx context.Context, address string, stdout io.Writer, handler http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	waiting := func(net.Listener) error {
		<-ctx.Done()
		return ctx.Err()
	}
	return Run(ctx, Sockets{Admin: listener}, stdout, waiting, handler)
}

// Listen opens both sockets and counts what the first accepts.
func Listen(ctx context.Context, options *Options, accepted *atomic.Int64) (Sockets, error) {
	var config net.ListenConfig
	traffic, err := config.Listen(ctx, "tcp", options.Listen)
	if err != nil {
		return Sockets{}, fmt.Errorf("--listen: %w", err)
	}
	admin, err := config.Listen(ctx, "tcp", options.Admin)
	if err != nil {
		traffic.Close()
		return Sockets{}, fmt.Errorf("--admin: %w", err)
	}
	return Sockets{Traffic: countingListener{traffic, accepted}, Admin: admin}, nil
}

// ListenPackets opens a UDP socket for the traffic and the admin port's listener. Who serves the packets counts the
// connections in them.
func ListenPackets(ctx context.Context, options *Options) (Sockets, error) {
	var config net.ListenConfig
	packets, err := config.ListenPacket(ctx, "udp", options.Listen)
	if err != nil {
		return Sockets{}, fmt.Errorf("--listen: %w", err)
	}
	admin, err := config.Listen(ctx, "tcp", options.Admin)
	if err != nil {
		packets.Close()
		return Sockets{}, fmt.Errorf("--admin: %w", err)
	}
	return Sockets{Packets: packets, Admin: admin}, nil
}

// countingListener hands connections out as they are, so that counting costs nothing for each request.
type countingListener struct {
	net.Listener
	accepted *atomic.Int64
}

// Unwrap gives the listener underneath to who takes connections from the socket itself, and then has to count them.
func (l countingListener) Unwrap() net.Listener { return l.Listener }

func (l countingListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return connection, err
}

// farewell is how long a server of packets may take to tell its peers that it ends; the kernel does it for TCP.
const farewell = time.Second

// Run prints the line that says where the sockets are, serves until ctx is done, closes both sockets and returns nil.
// It returns the error of a socket that could not be served any longer. serve is given a nil listener where the traffic
// comes in packets, and then has to end by itself when ctx is done.
func Run(
	ctx context.Context, sockets Sockets, stdout io.Writer, serve func(net.Listener) error, admin http.Handler,
) error {
	defer sockets.Close()
	ended := make(chan error, 2)
	served := make(chan struct{})
	go func() {
		defer close(served)
		ended <- serve(sockets.Traffic)
	}()
	go func() {
		server := &http.Server{Handler: admin, ReadHeaderTimeout: 10 * time.Second}
		ended <- server.Serve(sockets.Admin)
	}()
	if err := announce(stdout, sockets); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		if sockets.Packets != nil {
			select {
			case <-served:
			case <-time.After(farewell):
			}
		}
		return nil
	case err := <-ended:
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("serve: %w", err)
	}
}

func announce(stdout io.Writer, sockets Sockets) error {
	line := struct {
		Event   string `json:"event"`
		Address string `json:"address"`
		Admin   string `json:"admin"`
		PID     int    `json:"pid"`
	}{"listening", sockets.traffic().String(), sockets.Admin.Addr().String(), os.Getpid()}
	if err := json.NewEncoder(stdout).Encode(line); err != nil {
		return fmt.Errorf("say where the sockets are: %w", err)
	}
	return nil
}
