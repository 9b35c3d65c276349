package message

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

var seeds = []string{
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET",
	"POST / HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nX: y\r\n\r\nGET",
	"GET http://b:1/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost:\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	"GET /%41//..;@:#[] HTTP/1.1\r\nHost: [::1]\r\nX: \xff\t \r\n\r\n",
}

// FuzzRequestAgainstNetHTTP: whatever is accepted here, net/http accepts, and reads the same out of it.
func FuzzRequestAgainstNetHTTP(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var head Head
		size, err := head.ParseRequest(text)
		if err != nil || size == 0 {
			return
		}
		reader := bufio.NewReaderSize(bytes.NewReader(text), 1<<17)
		theirs, err := http.ReadRequest(reader)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", text, err)
		}
		if theirs.Method != string(head.Method) || theirs.ProtoMinor != head.Minor {
			t.Fatalf("%q: %s HTTP/1.%d, net/http %s HTTP/1.%d", text, head.Method, head.Minor, theirs.Method, theirs.ProtoMinor)
		}
		if target := string(head.Authority) + string(head.Target); theirs.URL.Host+targetOf(theirs) != target {
			t.Fatalf("%q: target %q, net/http %q", text, target, theirs.RequestURI)
		}
		if host := head.HostField(); head.Authority == nil && host != nil && theirs.Host != string(host.Value) {
			t.Fatalf("%q: host %q, net/http %q", text, host.Value, theirs.Host)
		}
		var body Body
		body.Begin(head.Framing, head.Length)
		rest := bytes.Clone(text[size:])
		used, payload, err := body.Decode(rest)
		want, theirErr := io.ReadAll(theirs.Body)
		if err != nil {
			return
		}
		if body.Over() && theirErr != nil {
			t.Fatalf("%q: the body is whole, but net/http says %v", text, theirErr)
		}
		if !body.Over() && theirErr == nil {
			t.Fatalf("%q: the body is not whole, but net/http takes it", text)
		}
		if body.Over() {
			left, _ := io.ReadAll(reader)
			if !bytes.Equal(rest[:payload], want) || len(text)-size-used != len(left) {
				t.Fatalf("%q: body %q with %d bytes left, net/http %q with %d", text, rest[:payload], len(text)-size-used, want, len(left))
			}
		}
	})
}

// targetOf is the target's path and query as they came.
func targetOf(request *http.Request) string {
	uri := request.RequestURI
	if request.URL.Host == "" {
		return uri
	}
	_, rest, _ := strings.Cut(uri, "://")
	return strings.TrimPrefix(rest, request.URL.Host)
}

// FuzzResponse: an answer that is accepted is accepted by net/http with the same status and framing, and one that comes
// in two pieces is read as if it came in one.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), 5, false)
	f.Add([]byte("HTTP/1.0 304\r\nTransfer-Encoding: x\r\n\r\n"), 20, true)
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), 40, false)
	f.Fuzz(func(t *testing.T, text []byte, cut int, toHead bool) {
		var whole, pieces Head
		size, err := whole.ParseResponse(text, toHead)
		if cut >= 0 && cut <= len(text) {
			if early, earlyErr := pieces.ParseResponse(text[:cut], toHead); early == 0 && earlyErr == nil {
				again, againErr := pieces.ParseResponse(text, toHead)
				if again != size || (againErr == nil) != (err == nil) {
					t.Fatalf("%q cut at %d: %d, %v; whole %d, %v", text, cut, again, againErr, size, err)
				}
			}
		}
		if err != nil || size == 0 {
			return
		}
		method := "GET"
		if toHead {
			method = "HEAD"
		}
		theirs, err := http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(text), 1<<17), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", text, err)
		}
		if theirs.StatusCode != whole.Status {
			t.Fatalf("%q: status %d, net/http %d", text, whole.Status, theirs.StatusCode)
		}
		if whole.Framing == WithLength && theirs.ContentLength != int64(whole.Length) {
			t.Fatalf("%q: length %d, net/http %d", text, whole.Length, theirs.ContentLength)
		}
		if chunked := len(theirs.TransferEncoding) > 0; whole.Framing != NoBody && chunked != (whole.Framing == Chunked) {
			t.Fatalf("%q: framing %d, net/http %v", text, whole.Framing, theirs.TransferEncoding)
		}
	})
}

// FuzzChunks: however a body is cut into pieces, it is read the same, and Consume agrees with Decode.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("3;x\r\nabc\r\n0\r\nX: y\r\n\r\nGET"), 3)
	f.Add([]byte("a\r\n0123456789\r\n00\r\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		if step < 1 {
			step = 1
		}
		payload, used, over, err := decodeInPieces(string(text), len(text)+1)
		again, againUsed, againOver, againErr := decodeInPieces(string(text), step)
		if payload != again || used != againUsed || over != againOver || (err == nil) != (againErr == nil) {
			t.Fatalf("%q: %q %d %v %v, in steps of %d %q %d %v %v", text, payload, used, over, err, step, again, againUsed, againOver, againErr)
		}
		var body Body
		body.Begin(Chunked, 0)
		count, size, consumeErr := body.Consume(text)
		if count != used || size != len(payload) || body.Over() != over || (consumeErr == nil) != (err == nil) {
			t.Fatalf("%q: Consume %d %d %v, Decode %d %d %v", text, count, size, consumeErr, used, len(payload), err)
		}
	})
}
