package sidecar

import (
	"context"
	"io"
	"net/http"
	"time"

	"meshmark/dataplane/internal/admin"
)

// upstream sends requests on and ends its connections when closed.
type upstream struct {
	http.RoundTripper
	close func()
}

// newUpstream speaks the upstream's protocol, with connections that are kept or with one for each request.
//
// http1 keeps as many idle connections as the options say and opens more when all are busy. h2 puts every request on
// one connection until the peer's SETTINGS_MAX_CONCURRENT_STREAMS is reached (250 in Go's server) and then opens
// another, as net/http does: no request waits for another one's stream to end. h3 has one connection, on which a
// request beyond the peer's limit of streams waits; streamsOfH3 is high enough for that not to happen.
func newUpstream(options Options, own *identity, dial dialer, counters *admin.Counters) (upstream, error) {
	if options.UpstreamProtocol == "h3" {
		return newUpstreamH3(options, own.clientConfig(options), counters)
	}
	transport := newTransport(options, dial)
	if options.UpstreamSecurity == "mtls" {
		transport.DialTLSContext = dial.secured(own.clientConfig(options), counters)
	}
	if options.UpstreamConnections == "pooled" {
		return upstream{transport, transport.CloseIdleConnections}, nil
	}
	if options.UpstreamProtocol == "http1" {
		transport.DisableKeepAlives = true
		return upstream{transport, func() {}}, nil
	}
	// DisableKeepAlives would not do for h2: the transport's pool may drop a connection that it has dialled because
	// another request's was ready, so that there would be more of them than requests.
	scheme := schemeOf(options)
	open := func(ctx context.Context) (singleUse, error) {
		return transport.NewClientConn(ctx, scheme, options.Upstream)
	}
	return upstream{freshConnections{open}, func() {}}, nil
}

func schemeOf(options Options) string {
	if options.UpstreamSecurity == "mtls" {
		return "https"
	}
	return "http"
}

func newTransport(options Options, dial dialer) *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		MaxIdleConns:        options.IdleUpstreamConnections,
		MaxIdleConnsPerHost: options.IdleUpstreamConnections,
		// Shorter than the server waits, so that the side that reuses a connection is the one that closes it.
		IdleConnTimeout:    10 * time.Minute,
		DisableCompression: true,
		// Has the upstream decide about a body that the client asks leave to send.
		ExpectContinueTimeout: time.Second,
		Protocols:             protocols(options.UpstreamProtocol, options.UpstreamSecurity),
	}
}

// protocols are the one that is meant and no other, so that nothing falls back unseen.
func protocols(protocol, security string) *http.Protocols {
	only := &http.Protocols{}
	switch {
	case protocol == "http1":
		only.SetHTTP1(true)
	case security == "mtls":
		only.SetHTTP2(true)
	default:
		only.SetUnencryptedHTTP2(true)
	}
	return only
}

// singleUse is a connection of HTTP.
type singleUse interface {
	http.RoundTripper
	io.Closer
}

// freshConnections opens a connection for each request and closes it after the answer.
type freshConnections struct {
	open func(ctx context.Context) (singleUse, error)
}

func (f freshConnections) RoundTrip(request *http.Request) (*http.Response, error) {
	connection, err := f.open(request.Context())
	if err != nil {
		// A transport closes the body also when it fails.
		if request.Body != nil {
			request.Body.Close()
		}
		return nil, err
	}
	response, err := connection.RoundTrip(request)
	if err != nil {
		connection.Close()
		return nil, err
	}
	response.Body = closingBody{response.Body, connection}
	return response, nil
}

// closingBody closes the connection with the body that was its last.
type closingBody struct {
	io.ReadCloser
	connection io.Closer
}

func (b closingBody) Close() error {
	err := b.ReadCloser.Close()
	_ = b.connection.Close()
	return err
}
