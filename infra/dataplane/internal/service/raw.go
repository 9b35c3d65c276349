package service

import (
	"bufio"
	"io"
	"net"

	"meshmark/dataplane/internal/rawwire"
)

// rawReadBytes take a usual request with one read.
const rawReadBytes = 16 << 10

// serveRaw answers requests that are a length and bytes, a goroutine for each connection.
func (s *service) serveRaw(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			s.answerRaw(connection)
		}()
	}
}

// answerRaw answers one request after another until the client goes away or says what is no request.
func (s *service) answerRaw(connection net.Conn) {
	reader := bufio.NewReaderSize(connection, rawReadBytes)
	var head [rawwire.HeadBytes]byte
	for {
		prefix, err := reader.Peek(rawwire.PrefixBytes)
		if err != nil {
			return
		}
		length, err := rawwire.RequestLength(prefix)
		if err != nil {
			return
		}
		r := s.received()
		if _, err := io.CopyN(io.Discard, reader, int64(rawwire.PrefixBytes+length)); err != nil {
			return
		}
		status, body := rawwire.OK, s.bodyOf(r)
		if s.keep(r) {
			status, body = rawwire.Fault, nil
		}
		answer := net.Buffers{rawwire.AppendHead(head[:0], rawwire.Head{
			Length: len(body), Status: status, ReceivedNs: r.receivedNs, SentNs: s.sentNow(r),
		}), body}
		if _, err := answer.WriteTo(connection); err != nil {
			return
		}
	}
}
