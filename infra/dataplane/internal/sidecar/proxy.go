package sidecar

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"

	"meshmark/dataplane/internal/admin"
)

// newProxy forwards requests to the upstream by way of transport.
func newProxy(options Options, transport http.RoundTripper, counters *admin.Counters, faults *faultLog) http.Handler {
	scheme := schemeOf(options)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL.Scheme = scheme
			request.Out.URL.Host = options.Upstream
			forward(request)
		},
		Transport: transport,
		ErrorLog:  log.New(faults, "", 0),
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
	if options.ListenProtocol != "http1" {
		return proxy
	}
	if options.UpstreamProtocol != "http1" {
		proxy.ModifyResponse = makeRoomForTrailers
	}
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.ContentLength != 0 {
			allowAnswersBeforeTheEnd(answer)
		}
		proxy.ServeHTTP(answer, request)
	})
}

// allowAnswersBeforeTheEnd lets an upstream answer while the request's body still comes. Without it net/http's server
// would, before the first byte of the answer, read what is left of the body away from the upstream.
func allowAnswersBeforeTheEnd(answer http.ResponseWriter) {
	for {
		switch writer := answer.(type) {
		case interface{ EnableFullDuplex() error }:
			_ = writer.EnableFullDuplex()
			return
		case interface{ Unwrap() http.ResponseWriter }:
			answer = writer.Unwrap()
		default:
			return
		}
	}
}

// makeRoomForTrailers has an answer with trailers sent in chunks: in HTTP/1.1 nothing follows a body of stated length.
func makeRoomForTrailers(response *http.Response) error {
	if len(response.Trailer) > 0 && response.ContentLength >= 0 {
		response.ContentLength = -1
		response.Header.Del("Content-Length")
	}
	return nil
}

// forward sends the request on as it came. A bare sidecar adds no forwarding headers, and keeps those it was given,
// which ReverseProxy has removed.
func forward(request *httputil.ProxyRequest) {
	for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, given := request.In.Header[name]; given {
			request.Out.Header[name] = values
		}
	}
	// Trailers come after the body, when ReverseProxy has long copied the request.
	if len(request.In.Trailer) > 0 && request.Out.Body != nil {
		request.Out.Body = &trailedBody{ReadCloser: request.Out.Body, in: request.In, out: request.Out}
	}
}

// trailedBody hands the trailers on once the body has been read to its end.
type trailedBody struct {
	io.ReadCloser
	in, out *http.Request
}

func (b *trailedBody) Read(buffer []byte) (int, error) {
	count, err := b.ReadCloser.Read(buffer)
	if err == io.EOF {
		for name, values := range b.in.Trailer {
			b.out.Trailer[name] = values
		}
	}
	return count, err
}
