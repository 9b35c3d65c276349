package sidecar

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"meshmark/dataplane/internal/admin"
)

// serveHTTP1 forwards requests until the listener is closed.
func serveHTTP1(
	listener net.Listener, options Options, dial dialer, counters *admin.Counters, faults *faultLog,
) error {
	server := &http.Server{
		Handler:           newProxy(options, dial, counters, faults),
		ReadHeaderTimeout: time.Minute,
		// Longer than a variant waits for its turn, so that a run never meets a connection closed for being idle.
		IdleTimeout: 15 * time.Minute,
		Protocols:   http1Only(),
		ErrorLog:    log.New(faults, "", 0),
	}
	return server.Serve(listener)
}

func http1Only() *http.Protocols {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	return protocols
}

func newProxy(options Options, dial dialer, counters *admin.Counters, faults *faultLog) http.Handler {
	bodies := &countedBodies{counters: counters}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(request *httputil.ProxyRequest) { forward(request, options.Upstream) },
		Transport: newTransport(options.IdleUpstreamConnections, dial),
		ErrorLog:  log.New(faults, "", 0),
		ModifyResponse: func(response *http.Response) error {
			// An upgraded connection's body is the connection itself, and it is no longer HTTP.
			if response.StatusCode != http.StatusSwitchingProtocols {
				response.Body = bodies.count(response.Body)
			}
			return nil
		},
		ErrorHandler: func(answer http.ResponseWriter, request *http.Request, err error) {
			// A client that has gone away ends its request's context; that is no fault of the upstream.
			if request.Context().Err() == nil {
				faults.report("upstream " + options.Upstream + ": " + err.Error())
			}
			answer.WriteHeader(http.StatusBadGateway)
		},
	}
	if options.Buffers == "pooled" {
		proxy.BufferPool = newBufferPool(counters)
	}
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		counters.Requests.Add(1)
		if options.Burn > 0 {
			burnCPU(options.Burn)
		}
		proxy.ServeHTTP(answer, request)
	})
}

// forward sends the request on as it came. A bare sidecar adds no forwarding headers, and keeps those it was given,
// which ReverseProxy has removed.
func forward(request *httputil.ProxyRequest, upstream string) {
	request.Out.URL.Scheme = "http"
	request.Out.URL.Host = upstream
	for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, given := request.In.Header[name]; given {
			request.Out.Header[name] = values
		}
	}
}

func newTransport(idleConnections int, dial dialer) *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		MaxIdleConns:        idleConnections,
		MaxIdleConnsPerHost: idleConnections,
		// Shorter than the server above waits, so that the side that reuses a connection is the one that closes it.
		IdleConnTimeout:    10 * time.Minute,
		DisableCompression: true,
		Protocols:          http1Only(),
	}
}

// countedBodies wraps response bodies to count what is read from them, which is what ReverseProxy then writes to the
// client. The wrappers are used again, in both buffer modes, so that counting allocates nothing for each request.
type countedBodies struct {
	counters *admin.Counters
	idle     sync.Pool
}

func (b *countedBodies) count(body io.ReadCloser) io.ReadCloser {
	wrapper, found := b.idle.Get().(*countedBody)
	if !found {
		wrapper = &countedBody{owner: b}
	}
	wrapper.body = body
	return wrapper
}

// countedBody belongs to one request from count to Close; ReverseProxy closes a body once and touches it no more.
type countedBody struct {
	owner *countedBodies
	body  io.ReadCloser
}

func (c *countedBody) Read(buffer []byte) (int, error) {
	count, err := c.body.Read(buffer)
	counters := c.owner.counters
	counters.BytesCopied.Add(int64(count))
	if fromPool(buffer) {
		counters.BytesThroughPool.Add(int64(count))
	}
	return count, err
}

func (c *countedBody) Close() error {
	body := c.body
	if body == nil {
		return nil
	}
	c.body = nil
	err := body.Close()
	c.owner.idle.Put(c)
	return err
}
