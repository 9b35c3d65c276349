package duties

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"meshmark/dataplane/internal/clock"
)

// exchange is one request on its way through Wrap. It is the parent of the request's context, so that RoundTripper
// finds it.
type exchange struct {
	context.Context
	timedOut bool
}

type exchangeKey struct{}

func (e *exchange) Value(key any) any {
	if _, asked := key.(exchangeKey); asked {
		return e
	}
	return e.Context.Value(key)
}

// Wrap does the duties around next, which is a proxy whose transport is one of RoundTripper. It changes the request's
// headers in place. A request that is to become another protocol (Upgrade) has no time limit.
func (d *Duties) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		startNs := clock.MonotonicNs()
		d.budget.request(startNs)
		values := setHeaders(request)
		route := matchRoute(request.Method, request.URL.EscapedPath())
		current := &exchange{Context: request.Context()}
		var ctx context.Context = current
		if len(request.Header["Upgrade"]) == 0 {
			limited, cancel := context.WithTimeout(current, d.options.Timeout)
			defer cancel()
			ctx = limited
		}
		writer := &watchedWriter{ResponseWriter: answer, exchange: current}
		// Also when next panics, as ReverseProxy does to break off an answer.
		defer func() {
			latencyNs := clock.MonotonicNs() - startNs
			d.Done(route, writer.status, latencyNs)
			if d.log != nil {
				writeEntry(d.log, request.Method, request.URL.RequestURI(),
					values[0], values[3],
					Entry{Route: route, Status: writer.status, BodyBytes: writer.bodyBytes, LatencyNs: latencyNs})
			}
		}()
		next.ServeHTTP(writer, request.WithContext(ctx))
		if writer.status == 0 {
			status := http.StatusOK
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				status = http.StatusGatewayTimeout
			}
			writer.WriteHeader(status)
		}
	})
}

// setHeaders does with net/http's headers what AppendHeaders does with lines. The four values share one string and one
// array, which is returned in the order of the lines.
func setHeaders(request *http.Request) (values *[4]string) {
	header := request.Header
	var buffer [512]byte
	text := appendRequestID(buffer[:0], header.Get("X-Request-Id"))
	idEnd := len(text)
	text = appendForwardedFor(text, strings.Join(header["X-Forwarded-For"], ", "), remoteIP(request.RemoteAddr))
	forEnd := len(text)
	traceparent := ""
	if given := header["Traceparent"]; len(given) == 1 {
		traceparent = given[0]
	}
	if !KeepsTrace(traceparent) {
		delete(header, "Tracestate")
	}
	all := string(appendTraceparent(text, traceparent))
	values = &[4]string{
		all[:idEnd], all[idEnd:forEnd], forwardedProto(header.Get("X-Forwarded-Proto"), request.TLS != nil), all[forEnd:],
	}
	header["X-Request-Id"] = values[0:1:1]
	header["X-Forwarded-For"] = values[1:2:2]
	header["X-Forwarded-Proto"] = values[2:3:3]
	header["Traceparent"] = values[3:4:4]
	return values
}

// remoteIP cuts the port off; an address of IPv6 loses its brackets.
func remoteIP(address string) string {
	colon := strings.LastIndexByte(address, ':')
	if colon < 0 {
		return address
	}
	address = address[:colon]
	if len(address) >= 2 && address[0] == '[' {
		address = address[1 : len(address)-1]
	}
	return address
}

// watchedWriter learns the status and size of an answer, and makes of the 502 that a proxy writes after a time-out
// the 504 that it is.
type watchedWriter struct {
	http.ResponseWriter
	exchange  *exchange
	status    int
	bodyBytes int64
}

func (w *watchedWriter) WriteHeader(status int) {
	if status == http.StatusBadGateway && w.exchange.timedOut {
		status = http.StatusGatewayTimeout
	}
	// Of the answers of class 1, only a switch of protocols is the last.
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	count, err := w.ResponseWriter.Write(body)
	w.bodyBytes += int64(count)
	return count, err
}

// Hijack is how ReverseProxy switches protocols, after which it writes the answer itself.
func (w *watchedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil && w.status == 0 {
		w.status = http.StatusSwitchingProtocols
	}
	return connection, buffered, err
}

// Unwrap has http.ResponseController find flushing.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// retryWaits are the pauses before the retries of one request, long enough for an upstream that is being replaced.
var retryWaits = [...]time.Duration{5 * time.Millisecond, 25 * time.Millisecond}

// RoundTripper sends requests by next and sends them again where that is safe and the budget allows it: up to twice.
// It tells Wrap of time-outs.
func (d *Duties) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return &retrying{duties: d, next: next}
}

type retrying struct {
	duties *Duties
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (r *retrying) RoundTrip(request *http.Request) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		response, err := r.next.RoundTrip(request)
		if err == nil {
			return response, nil
		}
		ctx := request.Context()
		if ctx.Err() != nil {
			if current, wrapped := ctx.Value(exchangeKey{}).(*exchange); wrapped {
				current.timedOut = errors.Is(ctx.Err(), context.DeadlineExceeded)
			}
			return nil, err
		}
		hasBody := request.Body != nil && request.Body != http.NoBody
		if attempt >= len(retryWaits) || !unanswered(err) ||
			!allowRetry(r.duties, request.Method, hasBody, clock.MonotonicNs()) {
			return nil, err
		}
		select {
		case <-time.After(retryWaits[attempt]):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// unanswered says whether an error of http.Transport means that no byte of an answer was read: the connection could not
// be made, or ended before. For the latter the transport returns the read's own error as it is, while it decorates the
// error of an answer that has begun. Connections that had been used before are retried by the transport itself.
func unanswered(err error) bool {
	var failed *net.OpError
	if errors.As(err, &failed) && failed.Op == "dial" {
		return true
	}
	failed, bare := err.(*net.OpError) // Not one that is wrapped, which is of an answer that has begun.
	return bare && failed.Op == "read" || err == io.EOF
}
