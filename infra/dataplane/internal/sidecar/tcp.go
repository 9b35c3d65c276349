package sidecar

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"meshmark/dataplane/internal/admin"
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
	buffers  buffers
	counters *admin.Counters
	faults   *faultLog
}

// serveTCP forwards connections until the listener is closed.
func serveTCP(
	ctx context.Context, listener net.Listener, options Options, dial dialer, counters *admin.Counters, faults *faultLog,
) error {
	proxy := &tcpProxy{upstream: options.Upstream, dial: dial, buffers: freshBuffers{}, counters: counters, faults: faults}
	if options.Buffers == "pooled" {
		proxy.buffers = newBufferPool(counters)
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

// halfCloser is a connection whose sending side can end while the other goes on, as TCP's can.
type halfCloser interface{ CloseWrite() error }

// handle forwards one connection until both directions have ended.
func (p *tcpProxy) handle(ctx context.Context, client net.Conn) {
	defer client.Close()
	upstream, err := p.dial(ctx, "tcp", p.upstream)
	if err != nil {
		p.faults.report("upstream " + p.upstream + ": " + err.Error())
		// A reset, not an orderly end: the client must not take this for an empty answer.
		if connection, ok := client.(*net.TCPConn); ok {
			_ = connection.SetLinger(0)
		}
		return
	}
	defer upstream.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		p.copyToUpstream(upstream, client)
	}()
	p.copyToClient(client, upstream)
	<-sent
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
	pooled := fromPool(buffer)
	copyBytes(client, upstream, buffer, func(count int) {
		p.counters.BytesCopied.Add(int64(count))
		if pooled {
			p.counters.BytesThroughPool.Add(int64(count))
		}
	})
}

// copyBytes copies until the source ends, and passes that end on. After a failure neither direction can be completed,
// so both connections are closed, which ends the other direction's copy too.
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
			destination.Close()
			source.Close()
		}
		return
	}
}
