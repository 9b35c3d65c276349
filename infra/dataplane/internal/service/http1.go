package service

import (
	"io"
	"net"
	"strconv"

	"github.com/valyala/fasthttp"
)

func (s *service) serveHTTP1(listener net.Listener) error {
	server := &fasthttp.Server{
		Handler:               s.answerHTTP1,
		NoDefaultServerHeader: true,
		NoDefaultContentType:  true,
		// As many connections as there are sidecars to test; the default would refuse beyond 262,144.
		Concurrency:  1 << 20,
		LogAllErrors: false,
		Logger:       silent{},
		// Beyond this a body is read by the handler as it comes, and so may have any size.
		StreamRequestBody:            true,
		MaxRequestBodySize:           64 << 10,
		DisablePreParseMultipartForm: true,
	}
	return server.Serve(listener)
}

// silent drops what fasthttp says about clients that close their connections, which ends every slice of load.
type silent struct{}

func (silent) Printf(string, ...any) {}

func (s *service) answerHTTP1(exchange *fasthttp.RequestCtx) {
	r := s.received()
	s.counters.RequestsHTTP1.Add(1)
	asked := exchange.RequestBodyStream()
	echo := exchange.IsPost() && string(exchange.Path()) == "/echo"
	if asked != nil && !echo {
		drain(exchange, asked)
	}
	fault := s.keep(r)
	exchange.SetContentType("application/octet-stream")
	switch {
	case fault:
		if asked != nil && echo {
			drain(exchange, asked)
		}
		exchange.SetStatusCode(fasthttp.StatusServiceUnavailable)
	case echo && asked != nil:
		exchange.Response.SetBodyStream(asked, exchange.Request.Header.ContentLength())
	case echo:
	case s.options.StreamChunks > 0:
		exchange.Response.SetBodyStream(&pieceReader{pieces: s.piecesOf(s.bodyOf(r))}, -1)
	default:
		exchange.Response.SetBodyRaw(s.bodyOf(r))
	}
	var digits [20]byte
	header := &exchange.Response.Header
	header.SetBytesV(receivedHeader, strconv.AppendInt(digits[:0], r.receivedNs, 10))
	header.SetBytesV(sentHeader, strconv.AppendInt(digits[:0], s.sentNow(r), 10))
}

// drain reads the rest of a request's body.
func drain(exchange *fasthttp.RequestCtx, body io.Reader) {
	if _, err := io.Copy(io.Discard, body); err != nil {
		exchange.SetConnectionClose()
	}
}
