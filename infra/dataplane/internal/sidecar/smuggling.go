package sidecar

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// What one reader takes for a body and another for the next request is how requests are smuggled. net/http refuses most
// of what is ambiguous. Two things it does not:
//
// A request with both a Content-Length and chunks: it reads the chunks, drops the length without a word, and goes on with
// what follows them on the same connection. RFC 9112, section 6.1, has the connection closed at the least.
//
// Chunks that are none, or are left unread, where the handler may answer before the body's end: it goes on with whatever
// it stopped at.
//
// So the connections of plain http1 remember where a head was read to, and a request in chunks is looked at once more.
// Others cost the store of a slice for each read. Over mutual TLS the peer is another sidecar that has parsed the request
// itself, so that a length beside chunks is not looked for.

// rememberingConn keeps what its last Read filled. net/http reads a connection from one goroutine at a time, and between
// a request's head and its body from none.
type rememberingConn struct {
	*net.TCPConn
	last []byte
	// spent means that nothing on the connection may be taken for a request any more.
	spent bool
}

func (c *rememberingConn) Read(buffer []byte) (int, error) {
	count, err := c.TCPConn.Read(buffer)
	c.last = buffer[:count]
	return count, err
}

type rememberingListener struct{ net.Listener }

func (l rememberingListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if plain, ok := connection.(*net.TCPConn); ok {
		connection = &rememberingConn{TCPConn: plain}
	}
	return connection, err
}

type connectionKey struct{}

func keepConnection(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connection)
}

// endSpent is net/http's hook for changes of a connection's state. An answer has been sent whole when its connection
// turns idle, and this is the goroutine that would read the next request; what is in its buffer would be one even if the
// connection were closed.
func endSpent(connection net.Conn, state http.ConnState) {
	if state != http.StateIdle {
		return
	}
	if remembering, ok := connection.(*rememberingConn); ok && remembering.spent {
		panic(http.ErrAbortHandler)
	}
}

// refusingAmbiguity answers 400 to a request with a length and chunks. Where the head came in pieces, so that it cannot
// be told, the connection is closed after the answer, and so it is where the chunks were not read to their end.
func refusingAmbiguity(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		switch {
		case request.ProtoMajor != 1: // The preface of HTTP/2, which net/http lets pass as a request.
			answer.Header().Set("Connection", "close")
			http.Error(answer, "only HTTP/1.1 is spoken here", http.StatusHTTPVersionNotSupported)
		case len(request.TransferEncoding) > 0:
			serveChunks(answer, request, next)
		default:
			next.ServeHTTP(answer, request)
		}
	})
}

func serveChunks(answer http.ResponseWriter, request *http.Request, next http.Handler) {
	connection, plain := request.Context().Value(connectionKey{}).(*rememberingConn)
	if plain {
		hasLength, whole := findLength(connection.last, request.Method)
		if hasLength || !whole {
			answer.Header().Set("Connection", "close")
			connection.spent = true
		}
		if hasLength {
			http.Error(answer, "a request has either a Content-Length or chunks", http.StatusBadRequest)
			return
		}
	}
	body := &watchedBody{ReadCloser: request.Body}
	request.Body = body
	next.ServeHTTP(answer, request)
	// net/http looks at its own body to see whether what is left of it is too long to be read away.
	request.Body = body.ReadCloser
	switch body.end.Load() {
	case endFailed:
		panic(http.ErrAbortHandler)
	case endUnread:
		if plain {
			connection.spent = true
		}
	}
}

// How far a body has been read.
const (
	endUnread = iota
	endReached
	endFailed
)

// watchedBody knows how its reading ended, which may be in a goroutine of the transport.
type watchedBody struct {
	io.ReadCloser
	end atomic.Int32
}

func (b *watchedBody) Read(buffer []byte) (int, error) {
	count, err := b.ReadCloser.Read(buffer)
	if err == io.EOF {
		b.end.CompareAndSwap(endUnread, endReached)
	} else if err != nil {
		b.end.Store(endFailed)
	}
	return count, err
}

// findLength looks for a Content-Length in the head that text begins with. whole is false where text does not hold all
// of the head of a request of that method. The method's first letter may be missing: net/http reads it on its own while
// it waits for a connection's next request.
func findLength(text []byte, method string) (hasLength, whole bool) {
	line, rest, found := bytes.Cut(text, []byte("\n"))
	if !found || !startsWith(line, method) && !startsWith(line, method[1:]) {
		return false, false
	}
	for {
		line, rest, found = bytes.Cut(rest, []byte("\n"))
		if !found {
			return hasLength, false
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			return hasLength, true
		}
		name, _, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Length")) {
			hasLength = true
		}
	}
}

func startsWith(line []byte, method string) bool {
	return len(line) > len(method) && string(line[:len(method)]) == method && line[len(method)] == ' '
}
