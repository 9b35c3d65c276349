package loadgen

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"

	"github.com/valyala/fasthttp"
)

// readResponse reads one final response; interim ones (1xx) are passed over.
func (c *conn) readResponse() error {
	header := &c.response.Header
	for {
		if err := header.Read(c.reader); err != nil {
			return err
		}
		if status := header.StatusCode(); status >= 200 || status == 101 {
			break
		}
	}
	status := header.StatusCode()
	if c.asked.Load().headOnly || status == 204 || status == 304 || status < 200 {
		return nil
	}
	length := header.ContentLength()
	if length >= 0 {
		_, err := c.reader.Discard(length) // The usual case, and no copy of the body.
		return unexpectedEOF(err)
	}
	if err := c.response.ReadBody(c.reader, 0); err != nil {
		return unexpectedEOF(err)
	}
	c.response.ResetBody()
	const chunked = -1
	if length == chunked {
		if err := header.ReadTrailer(c.reader); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return nil
	}
	header.SetConnectionClose() // The body ended with the connection.
	return nil
}

func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// classifyReadError tells a connection that broke from an answer that is no HTTP.
func classifyReadError(err error) outcome {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return failedReset
	}
	return failedProtocol
}

// residenceOf returns sent − received as the service reports them in ns, or −1.
func residenceOf(header *fasthttp.ResponseHeader) int64 {
	received, ok1 := parseNs(header.Peek("X-Meshmark-Received-Ns"))
	sent, ok2 := parseNs(header.Peek("X-Meshmark-Sent-Ns"))
	if !ok1 || !ok2 || sent < received {
		return -1
	}
	return sent - received
}

func parseNs(text []byte) (int64, bool) {
	if len(text) == 0 {
		return 0, false
	}
	var value int64
	for _, digit := range text {
		if digit < '0' || digit > '9' || value > (1<<63-1)/10-1 {
			return 0, false
		}
		value = value*10 + int64(digit-'0')
	}
	return value, true
}

// buildRequest returns the bytes of a target's request.
func buildRequest(spec targetSpec, body []byte) []byte {
	method, path := spec.Method, spec.Path
	if method == "" {
		method = "GET"
	}
	if path == "" {
		path = "/"
	}
	var to bytes.Buffer
	to.WriteString(method + " " + path + " HTTP/1.1\r\n")
	hasHost := false
	for _, name := range sortedKeys(spec.Headers) {
		switch {
		case equalFold(name, "host"):
			hasHost = true
		case equalFold(name, "content-length"), equalFold(name, "transfer-encoding"):
			continue // The body's real length is written below.
		}
		to.WriteString(name + ": " + spec.Headers[name] + "\r\n")
	}
	if !hasHost {
		to.WriteString("Host: " + spec.Address + "\r\n")
	}
	if len(body) > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
		to.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	to.WriteString("\r\n")
	to.Write(body)
	return to.Bytes()
}
