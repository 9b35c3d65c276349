package service

import (
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
)

// serveH2 speaks HTTP/2 with prior knowledge and nothing else, so that a client that meant to and did not is noticed.
func (s *service) serveH2(listener net.Listener) error {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler: http.HandlerFunc(func(answer http.ResponseWriter, asked *http.Request) {
			s.answer(answer, asked, &s.counters.RequestsH2)
		}),
		Protocols: &protocols,
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	return server.Serve(listener)
}

// answer answers a request of net/http's, counted by the protocol that it came in.
func (s *service) answer(answer http.ResponseWriter, asked *http.Request, byProtocol *atomic.Int64) {
	r := s.received()
	byProtocol.Add(1)
	echo := asked.Method == http.MethodPost && asked.URL.Path == "/echo"
	if !echo {
		if _, err := io.Copy(io.Discard, asked.Body); err != nil {
			return // The client has given the request up.
		}
	}
	fault := s.keep(r)
	header := answer.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set(receivedHeader, strconv.FormatInt(r.receivedNs, 10))
	sent := func() { header.Set(sentHeader, strconv.FormatInt(s.sentNow(r), 10)) }
	// A failure to write is a client that has gone away.
	switch body := s.bodyOf(r); {
	case fault:
		_, _ = io.Copy(io.Discard, asked.Body)
		sent()
		answer.WriteHeader(http.StatusServiceUnavailable)
	case echo:
		if asked.ContentLength >= 0 {
			header.Set("Content-Length", strconv.FormatInt(asked.ContentLength, 10))
		}
		sent()
		to := flushing{answer, http.NewResponseController(answer)}
		if to.controller.Flush() != nil {
			return
		}
		if _, err := io.Copy(to, asked.Body); err != nil {
			panic(http.ErrAbortHandler) // Half a body must not look like a whole one.
		}
	case s.options.StreamChunks > 0:
		sent()
		to := flushing{answer, http.NewResponseController(answer)}
		for cut := s.piecesOf(body); asked.Context().Err() == nil; {
			piece := cut.next()
			if piece == nil {
				return
			}
			if _, err := to.Write(piece); err != nil {
				return
			}
		}
	default:
		header.Set("Content-Length", strconv.Itoa(len(body)))
		sent()
		_, _ = answer.Write(body)
	}
}

// flushing sends out each write at once.
type flushing struct {
	to         io.Writer
	controller *http.ResponseController
}

func (f flushing) Write(piece []byte) (int, error) {
	n, err := f.to.Write(piece)
	if err != nil {
		return n, err
	}
	return n, f.controller.Flush()
}
