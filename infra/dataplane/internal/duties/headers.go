package duties

import (
	"bytes"
	"math/rand/v2"
)

// Incoming is what the duties need to know of a request. Its slices are only read, and not kept.
type Incoming struct {
	Method []byte
	// Path is the request's target in origin form; a query in it is not looked at.
	Path []byte
	// RemoteIP is the address of the connection's other end, without a port.
	RemoteIP []byte
	// RequestID, Traceparent, ForwardedFor and ForwardedProto are the headers' values, nil where there are none. Of
	// several X-Forwarded-For lines, it is the values joined by ", "; of several Traceparent lines, any text that is
	// no valid one, such as "".
	RequestID      []byte
	Traceparent    []byte
	ForwardedFor   []byte
	ForwardedProto []byte
	// TLS says that the connection is encrypted.
	TLS bool
}

// longestRequestID and longestForwardedFor bound what is sent on of a client's making.
const (
	longestRequestID    = 128
	longestForwardedFor = 2048
)

// AppendHeaders begins the duties of a request: it appends to dst the complete header lines that the request is to be
// sent on with, each ended by CR LF, and says which route it takes. nowNs is clock.MonotonicNs.
//
// The lines are X-Request-Id, X-Forwarded-For, X-Forwarded-Proto and Traceparent, in that order. The request's own
// headers of these names must not be sent on (Replaces), nor its tracestate unless KeepsTrace.
func (d *Duties) AppendHeaders(dst []byte, in Incoming, nowNs int64) (out []byte, route int) {
	d.budget.request(nowNs)
	out = append(dst, "X-Request-Id: "...)
	out = appendRequestID(out, in.RequestID)
	out = append(out, "\r\nX-Forwarded-For: "...)
	out = appendForwardedFor(out, in.ForwardedFor, in.RemoteIP)
	out = append(out, "\r\nX-Forwarded-Proto: "...)
	out = append(out, forwardedProto(in.ForwardedProto, in.TLS)...)
	out = append(out, "\r\nTraceparent: "...)
	out = appendTraceparent(out, in.Traceparent)
	out = append(out, "\r\n"...)
	path := in.Path
	if query := bytes.IndexByte(path, '?'); query >= 0 {
		path = path[:query]
	}
	return out, matchRoute(in.Method, path)
}

// Replaces says whether a header's name, in any case, is one that AppendHeaders writes.
func Replaces(name []byte) bool {
	switch len(name) {
	case len("traceparent"):
		return bytes.EqualFold(name, []byte("traceparent"))
	case len("x-request-id"):
		return bytes.EqualFold(name, []byte("x-request-id"))
	case len("x-forwarded-for"):
		return bytes.EqualFold(name, []byte("x-forwarded-for"))
	case len("x-forwarded-proto"):
		return bytes.EqualFold(name, []byte("x-forwarded-proto"))
	}
	return false
}

// appendRequestID keeps an id that is visible ASCII and not too long, for it goes into headers and logs from here on.
func appendRequestID[text string | []byte](dst []byte, given text) []byte {
	if fitRequestID(given) {
		return append(dst, given...)
	}
	return appendUUID(dst)
}

func fitRequestID[text string | []byte](given text) bool {
	if len(given) == 0 || len(given) > longestRequestID {
		return false
	}
	for index := range len(given) {
		if given[index] <= ' ' || given[index] > '~' {
			return false
		}
	}
	return true
}

// appendUUID appends a random UUID (RFC 9562, version 4).
func appendUUID(dst []byte) []byte {
	high := rand.Uint64()&^0xf000 | 0x4000
	low := rand.Uint64()&^(0b11<<62) | 0b10<<62
	dst = appendHex(dst, high>>32, 8)
	dst = append(dst, '-')
	dst = appendHex(dst, high>>16, 4)
	dst = append(dst, '-')
	dst = appendHex(dst, high, 4)
	dst = append(dst, '-')
	dst = appendHex(dst, low>>48, 4)
	dst = append(dst, '-')
	return appendHex(dst, low, 12)
}

// appendHex appends the lowest digits of value.
func appendHex(dst []byte, value uint64, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[value>>shift&0xf])
	}
	return dst
}

// appendForwardedFor drops a list that no one can have written in good faith, as it could break up the header.
func appendForwardedFor[text string | []byte](dst []byte, given text, remoteIP text) []byte {
	if fitForwardedFor(given) {
		dst = append(dst, given...)
		dst = append(dst, ", "...)
	}
	return append(dst, remoteIP...)
}

func fitForwardedFor[text string | []byte](given text) bool {
	if len(given) == 0 || len(given) > longestForwardedFor {
		return false
	}
	for index := range len(given) {
		if given[index] < ' ' || given[index] > '~' {
			return false
		}
	}
	return true
}

func forwardedProto[text string | []byte](given text, encrypted bool) string {
	switch {
	case string(given) == "https", string(given) != "http" && encrypted:
		return "https"
	}
	return "http"
}
