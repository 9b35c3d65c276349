package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"meshmark/dataplane/internal/identity"
)

// h3Patience is how long a connection may hear nothing, and how often it asks, so that one whose server was killed is
// found out between slices.
const (
	h3Patience  = 30 * time.Second
	h3KeepAlive = 5 * time.Second
)

// h3Client opens HTTP/3 connections to one target, each from a socket of its own, as clients apart would.
type h3Client struct {
	config   *tls.Config
	settings *quic.Config
	http     *http3.Transport
}

func newH3Client(files identity.Files) (*h3Client, error) {
	// quic-go would print that the kernel allows it less buffer than it would like.
	if err := os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true"); err != nil {
		return nil, err
	}
	own, err := identity.Load(files)
	if err != nil {
		return nil, err
	}
	config := own.ClientConfig()
	config.NextProtos = []string{http3.NextProtoH3}
	return &h3Client{
		config: config, http: &http3.Transport{DisableCompression: true},
		settings: &quic.Config{MaxIdleTimeout: h3Patience, KeepAlivePeriod: h3KeepAlive, MaxIncomingStreams: -1},
	}, nil
}

// h3Request is one kind of request; each that is sent is a copy with a body of its own.
type h3Request struct {
	template http.Request
	body     []byte
}

func newH3Request(spec targetSpec, body []byte) *h3Request {
	method, path, host := spec.Method, spec.Path, spec.Address
	if method == "" {
		method = "GET"
	}
	if path == "" {
		path = "/"
	}
	header := make(http.Header)
	for _, name := range sortedKeys(spec.Headers) {
		switch {
		case equalFold(name, "host"):
			host = spec.Headers[name]
		case equalFold(name, "content-length"), equalFold(name, "transfer-encoding"), equalFold(name, "connection"):
			// They follow from the request.
		default:
			header.Add(name, spec.Headers[name])
		}
	}
	to := &url.URL{Scheme: "https", Host: host}
	if parsed, err := url.ParseRequestURI(path); err == nil {
		to.Path, to.RawPath, to.RawQuery = parsed.Path, parsed.RawPath, parsed.RawQuery
	}
	return &h3Request{body: body, template: http.Request{
		Method: method, URL: to, Host: host, Header: header, ContentLength: int64(len(body)),
	}}
}

// h3Conn is one HTTP/3 connection with one request at a time. quic-go sends and reads on goroutines of its own; one more
// waits for whatever is asked, so that whoever asks does not wait.
type h3Conn struct {
	connection *quic.Conn
	client     *http3.ClientConn
	asks       chan *h3Request
	answers    chan answer

	mu    sync.Mutex
	woken chan struct{} // Closed while whoever waits for an answer is interrupted.
}

// dial opens a connection and waits for the end of its handshake.
func (h *h3Client) dial(ctx context.Context, address string, timeout time.Duration) (*h3Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	connection, err := quic.DialAddr(ctx, address, h.config, h.settings)
	if err != nil {
		return nil, describeDialError(address, err)
	}
	c := &h3Conn{
		connection: connection, client: h.http.NewClientConn(connection),
		asks: make(chan *h3Request, 1), answers: make(chan answer, 1), woken: make(chan struct{}),
	}
	go c.work()
	return c, nil
}

// work answers what is asked until the connection ends.
func (h *h3Conn) work() {
	for {
		select {
		case request := <-h.asks:
			h.answers <- h.exchange(request)
		case <-h.connection.Context().Done():
			return
		}
	}
}

func (h *h3Conn) exchange(asked *h3Request) answer {
	before := h.connection.ConnectionStats().BytesReceived
	result := answer{outcome: answered, residenceNs: -1}
	response, err := h.client.RoundTrip(asked.with(context.Background()))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	result.bytes = int64(h.connection.ConnectionStats().BytesReceived - before)
	if err != nil {
		result.outcome, result.close = classifyH3Error(err), true
		return result
	}
	if response.StatusCode >= 400 {
		result.outcome = failedStatus
	}
	received, sent := nsOf(response.Header.Get("X-Meshmark-Received-Ns")), nsOf(response.Header.Get("X-Meshmark-Sent-Ns"))
	if received >= 0 && sent >= received {
		result.residenceNs = sent - received
	}
	return result
}

// classifyH3Error tells a peer that went away from one that does not speak HTTP/3.
func classifyH3Error(err error) outcome {
	if wrong, ok := errors.AsType[*http3.Error](err); ok && !wrong.Remote && wrong.ErrorCode != http3.ErrCodeNoError &&
		wrong.ErrorCode != http3.ErrCodeRequestCanceled {
		return failedProtocol
	}
	return failedReset
}

// receiveH3 waits for the answer, or until the connection ends or is interrupted.
func (c *conn) receiveH3() answer {
	h := c.h3
	h.mu.Lock()
	woken := h.woken
	h.mu.Unlock()
	select {
	case found := <-h.answers:
		return found
	case <-woken:
	case <-h.connection.Context().Done():
	}
	return answer{outcome: failedReset, close: true, silent: true, residenceNs: -1}
}

// What follows makes it a net.Conn to whoever interrupts and closes connections; nothing is read or written so.

func (h *h3Conn) Read([]byte) (int, error)           { return 0, errors.ErrUnsupported }
func (h *h3Conn) Write([]byte) (int, error)          { return 0, errors.ErrUnsupported }
func (h *h3Conn) LocalAddr() net.Addr                { return h.connection.LocalAddr() }
func (h *h3Conn) RemoteAddr() net.Addr               { return h.connection.RemoteAddr() }
func (h *h3Conn) SetDeadline(at time.Time) error     { return h.SetReadDeadline(at) }
func (h *h3Conn) SetWriteDeadline(_ time.Time) error { return nil }

// Close tells the server that nothing went wrong.
func (h *h3Conn) Close() error {
	return h.connection.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
}

// SetReadDeadline interrupts whoever waits where the time has passed, and undoes it for the zero time.
func (h *h3Conn) SetReadDeadline(at time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	interrupted := false
	select {
	case <-h.woken:
		interrupted = true
	default:
	}
	switch {
	case at.IsZero() && interrupted:
		h.woken = make(chan struct{})
	case !at.IsZero() && !interrupted:
		close(h.woken)
	}
	return nil
}

// sound reports whether a connection without a request in flight can be used again.
func (h *h3Conn) sound() bool { return h.connection.Context().Err() == nil && len(h.answers) == 0 }

// checkH3 refuses what cannot be had over HTTP/3.
func checkH3(spec targetSpec) error {
	switch {
	case spec.Protocol != protocolH3:
		return nil
	case spec.IdleConnections > 0 || spec.SlowConnections > 0:
		return errors.New("idle and slow connections are of TCP, and h3 has none")
	case spec.Certificate == "" || spec.Key == "" || spec.Authority == "":
		return errors.New("h3 needs certificate, key and ca")
	}
	return checkH2Fields(spec)
}
