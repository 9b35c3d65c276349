package sidecar

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/sockmap"
)

// buffers hands out copy buffers and takes them back.
type buffers interface {
	Get() []byte
	Put([]byte)
}

// freshBuffers makes each buffer anew and leaves it to the garbage collector.
type freshBuffers struct{}

func (freshBuffers) Get() []byte { return make([]byte, bufferSize) }
func (freshBuffers) Put([]byte)  {}

type tcpProxy struct {
	upstream string
	dial     dialer
	// secure is nil where the clients send plain bytes.
	secure *tls.Config
	// kernel is nil where user space forwards.
	kernel   *sockmap.Table
	buffers  buffers
	counters *admin.Counters
	faults   *faultLog
}

// serveTCP forwards connections until the listener is closed.
func serveTCP(
	ctx context.Context, listener net.Listener, options Options, own *identity, dial dialer, kernel *sockmap.Table,
	counters *admin.Counters, faults *faultLog,
) error {
	proxy := &tcpProxy{
		upstream: options.Upstream, dial: dial, kernel: kernel, buffers: freshBuffers{}, counters: counters, faults: faults,
	}
	if kernel != nil {
		proxy.dial = countedDialer(counters, kernel.Dialer)
	}
	if options.Buffers == "pooled" {
		proxy.buffers = newBufferPool(counters)
	}
	if options.UpstreamSecurity == "mtls" {
		proxy.dial = dial.strict().secured(own.clientConfig(options), counters)
	}
	if options.ListenSecurity == "mtls" {
		proxy.secure = own.serverConfig(options)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			var passing net.Error
			// Out of file descriptors or a connection reset before it was accepted: the next one may fare better.
			if errors.As(err, &passing) && passing.Temporary() {
				faults.report("accept: " + err.Error())
				time.Sleep(5 * time.Millisecond)
				continue
			}
			return err
		}
		go proxy.handle(ctx, client)
	}
}

// halfCloser is a connection whose sending side can end while the other goes on, as TCP's can, and TLS's by its alert.
type halfCloser interface{ CloseWrite() error }

// handle forwards one connection until both directions have ended.
func (p *tcpProxy) handle(ctx context.Context, client net.Conn) {
	defer func() { client.Close() }()
	if p.secure != nil {
		secured, err := p.shakeHands(ctx, client)
		if err != nil {
			p.counters.HandshakesRefused.Add(1)
			p.faults.report(fmt.Sprintf("handshake of %s: %v", client.RemoteAddr(), err))
			return
		}
		client = secured
	}
	upstream, err := p.dial(ctx, "tcp", p.upstream)
	if err != nil {
		p.faults.report("upstream " + p.upstream + ": " + err.Error())
		if plain, ok := client.(*net.TCPConn); ok && p.kernel != nil {
			p.kernel.Forget(plain)
		}
		abort(client)
		return
	}
	defer upstream.Close()
	if p.kernel != nil {
		p.forwardInKernel(client.(*net.TCPConn), upstream.(*net.TCPConn))
		return
	}
	if secured, ok := upstream.(*tls.Conn); ok {
		state := secured.ConnectionState()
		countUpstreamSecurity(&state, p.counters)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		p.copyToUpstream(upstream, client)
	}()
	p.copyToClient(client, upstream)
	<-sent
}

func (p *tcpProxy) shakeHands(ctx context.Context, client net.Conn) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	secured := tls.Server(strictConn{client}, p.secure)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	if len(secured.ConnectionState().VerifiedChains) > 0 {
		p.counters.RequestsVerified.Add(1)
	}
	return secured, nil
}

// copyToUpstream is a function of its own, so that a stack dump shows which direction waits.
func (p *tcpProxy) copyToUpstream(upstream, client net.Conn) {
	buffer := p.buffers.Get()
	defer p.buffers.Put(buffer)
	copyBytes(upstream, client, buffer, func(int) {})
}

// copyToClient also counts what the client is given.
func (p *tcpProxy) copyToClient(client, upstream net.Conn) {
	buffer := p.buffers.Get()
	defer p.buffers.Put(buffer)
	copyBytes(client, upstream, buffer, p.countCopied(buffer))
}

// countCopied returns what counts the bytes of that buffer that the client was given.
func (p *tcpProxy) countCopied(buffer []byte) func(count int) {
	pooled := fromPool(buffer)
	return func(count int) {
		p.counters.BytesCopied.Add(int64(count))
		if pooled {
			p.counters.BytesThroughPool.Add(int64(count))
		}
	}
}

// copyBytes copies until the source ends, and passes that end on. After a failure neither direction can be completed,
// so both connections are broken off, which ends the other direction's copy too.
func copyBytes(destination, source net.Conn, buffer []byte, written func(int)) {
	for {
		count, readErr := source.Read(buffer)
		if count > 0 {
			done, err := destination.Write(buffer[:count])
			written(done)
			if err != nil {
				readErr = err
			}
		}
		if readErr == nil {
			continue
		}
		half, ok := destination.(halfCloser)
		if readErr != io.EOF || !ok || half.CloseWrite() != nil {
			abort(destination)
			abort(source)
		}
		return
	}
}

// abort resets a connection. An orderly end would have the peer take what it got so far for everything.
func abort(connection net.Conn) {
	if secured, ok := connection.(*tls.Conn); ok {
		connection = secured.NetConn() // Without the alert that says that all has been sent.
	}
	if strict, ok := connection.(strictConn); ok {
		connection = strict.Conn
	}
	if plain, ok := connection.(*net.TCPConn); ok {
		_ = plain.SetLinger(0)
	}
	connection.Close()
}

// strictConn lies under TLS and makes an error of a TCP connection that ends before the alert has come which says that
// all has been sent. crypto/tls would let it pass for an orderly end, as HTTP can tell by itself; a plain stream cannot.
type strictConn struct{ net.Conn }

var errCutOff = errors.New("the connection ended without TLS's own end")

func (c strictConn) Read(buffer []byte) (int, error) {
	count, err := c.Conn.Read(buffer)
	if err == io.EOF {
		err = errCutOff
	}
	return count, err
}

// strict has the connections that are dialled be strict ones.
func (d dialer) strict() dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := d(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return strictConn{connection}, nil
	}
}
