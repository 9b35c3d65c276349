package message

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func request(text string) (Head, int, error) {
	var head Head
	size, err := head.ParseRequest([]byte(text))
	return head, size, err
}

func TestRequestIsUnderstood(t *testing.T) {
	head, size, err := request("POST /a%20b?c=%zz HTTP/1.1\r\nhost: shop.example:80\r\nContent-Length:  17\t\r\nX-Empty:\r\nConnection: X-Mine, close\r\nX-Mine: 1\r\n\r\nbody")
	if err != nil || size != len(head.Raw) || !strings.HasSuffix(string(head.Raw), "\r\n\r\n") {
		t.Fatal(size, err)
	}
	if string(head.Method) != "POST" || string(head.Target) != "/a%20b?c=%zz" || head.Minor != 1 {
		t.Errorf("%s %s %d", head.Method, head.Target, head.Minor)
	}
	if head.Framing != WithLength || head.Length != 17 || head.KeepAlive {
		t.Errorf("framing %d, length %d, keep-alive %v", head.Framing, head.Length, head.KeepAlive)
	}
	if len(head.Fields) != 5 || !head.Fields[4].Named || string(head.HostField().Value) != "shop.example:80" {
		t.Errorf("%+v", head.Fields)
	}
}

func TestHeadIsFoundHoweverItIsCutIntoPieces(t *testing.T) {
	text := "GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + strings.Repeat("v", 200) + "\r\n\r\n"
	for step := 1; step <= len(text); step++ {
		var head Head
		for end := min(step, len(text)); ; end = min(end+step, len(text)) {
			size, err := head.ParseRequest([]byte(text[:end]))
			if err != nil {
				t.Fatalf("in steps of %d, after %d bytes: %v", step, end, err)
			}
			if (size != 0) != (end == len(text)) {
				t.Fatalf("in steps of %d: size %d after %d of %d bytes", step, size, end, len(text))
			}
			if size != 0 {
				break
			}
		}
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	const line, host = "GET / HTTP/1.1\r\n", "Host: a\r\n"
	for _, test := range []struct {
		text string
		want error
	}{
		{line + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingAndLength},
		{line + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", ErrContentLength},
		{line + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", ErrContentLength},
		{line + host + "Content-Length: 1, 1\r\n\r\n", ErrContentLength},
		{line + host + "Content-Length: +1\r\n\r\n", ErrContentLength},
		{line + host + "Content-Length: -1\r\n\r\n", ErrContentLength},
		{line + host + "Content-Length:\r\n\r\n", ErrContentLength},
		{line + host + "Content-Length: 9999999999999999999\r\n\r\n", ErrContentLength},
		{line + host + "Content-Length: 0x1\r\n\r\n", ErrContentLength},
		{line + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", ErrCoding},
		{line + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCoding},
		{line + host + "Transfer-Encoding: identity\r\n\r\n", ErrCoding},
		{line + host + "Transfer-Encoding: xchunked\r\n\r\n", ErrCoding},
		{line + host + "Transfer-Encoding: \"chunked\"\r\n\r\n", ErrCoding},
		{line + host + "Transfer-Encoding:\v chunked\r\n\r\n", ErrFieldValue},
		{line + host + "Transfer-Encoding : chunked\r\n\r\n", ErrFieldName},
		{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingAndLength},
		{line + host + "X: a\r\n b\r\n\r\n", ErrFolded},
		{line + " X: a\r\n" + host + "\r\n", ErrFolded},
		{line + host + "X\t: a\r\n\r\n", ErrFieldName},
		{line + host + ": a\r\n\r\n", ErrFieldName},
		{line + host + "X a\r\n\r\n", ErrFieldName},
		{line + host + "X(: a\r\n\r\n", ErrFieldName},
		{line + host + "X: a\x00b\r\n\r\n", ErrFieldValue},
		{line + host + "X: a\x7fb\r\n\r\n", ErrFieldValue},
		{line + host + "X: a\rb\r\n\r\n", ErrFieldValue},
		{line + host + "X: a\nY: b\r\n\r\n", ErrBareLineEnd},
		{line + host + "X: a\n\r\n\r\n", ErrBareLineEnd},
		{"GET / HTTP/1.1\nHost: a\r\n\r\n", ErrBareLineEnd},
		{"GET / HTTP/1.1\nHost: a\n\n", ErrBareLineEnd},
		{"\r\nGET / HTTP/1.1\r\n" + host + "\r\n", ErrRequestLine},
		{"GET  / HTTP/1.1\r\n" + host + "\r\n", ErrRequestLine},
		{"GET / HTTP/1.1 \r\n" + host + "\r\n", ErrVersion},
		{"GET / /b HTTP/1.1\r\n" + host + "\r\n", ErrVersion},
		{"GET\t/ HTTP/1.1\r\n" + host + "\r\n", ErrRequestLine},
		{"GET /\r\n" + host + "\r\n", ErrRequestLine},
		{"G\x80T / HTTP/1.1\r\n" + host + "\r\n", ErrRequestLine},
		{"G(T / HTTP/1.1\r\n" + host + "\r\n", ErrRequestLine},
		{"GET a HTTP/1.1\r\n" + host + "\r\n", ErrTarget},
		{"GET * HTTP/1.1\r\n" + host + "\r\n", ErrTarget},
		{"GET /\x80 HTTP/1.1\r\n" + host + "\r\n", ErrTarget},
		{"GET /%2 HTTP/1.1\r\n" + host + "\r\n", ErrTarget},
		{"GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n", ErrTarget},
		{"GET http://u@a/ HTTP/1.1\r\n" + host + "\r\n", ErrTarget},
		{"GET http://a:x/ HTTP/1.1\r\n" + host + "\r\n", ErrTarget},
		{"GET / HTTP/1.2\r\n" + host + "\r\n", ErrVersion},
		{"GET / HTTP/2.0\r\n" + host + "\r\n", ErrVersion},
		{"GET / http/1.1\r\n" + host + "\r\n", ErrVersion},
		{"CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n", ErrConnectMethod},
		{line + "\r\n", ErrHost},
		{line + host + host + "\r\n", ErrHost},
		{line + "Host: a/b\r\n\r\n", ErrHost},
		{line + "Host: a b\r\n\r\n", ErrHost},
		{line + host + strings.Repeat("X: y\r\n", MaxFields) + "\r\n", ErrHeadTooLarge},
		{line + host + "X: " + strings.Repeat("y", MaxHead), ErrHeadTooLarge},
		{"\x16\x03\x01", ErrRequestLine},
	} {
		if _, _, err := request(test.text); !errors.Is(err, test.want) {
			t.Errorf("%.80q: %v, want %v", test.text, err, test.want)
		}
	}
}

func TestTargetsMayBeURLsAndAsterisks(t *testing.T) {
	head, _, err := request("GET HTTP://b.example:8080/x?y HTTP/1.1\r\nHost: a\r\n\r\n")
	if err != nil || string(head.Authority) != "b.example:8080" || string(head.Target) != "/x?y" {
		t.Errorf("%q %q %v", head.Authority, head.Target, err)
	}
	if head, _, err = request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil || string(head.Target) != "*" {
		t.Errorf("%q %v", head.Target, err)
	}
}

func TestConnectionsAreKeptAsTheVersionSays(t *testing.T) {
	for _, test := range []struct {
		version, connection string
		want                bool
	}{
		{"1.1", "", true}, {"1.1", "close", false}, {"1.1", "Keep-Alive", true}, {"1.1", "keep-alive, Close", false},
		{"1.0", "", false}, {"1.0", "keep-alive", true}, {"1.0", "keep-alive,close", false},
	} {
		head, _, err := request(fmt.Sprintf("GET / HTTP/%s\r\nHost: a\r\nConnection: %s\r\n\r\n", test.version, test.connection))
		if err != nil || head.KeepAlive != test.want {
			t.Errorf("%+v: %v, %v", test, head.KeepAlive, err)
		}
	}
}

func TestFieldsThatFrameOrAddressAMessageCannotBeNamedAway(t *testing.T) {
	head, _, err := request("GET / HTTP/1.1\r\nConnection: host, content-length, x\r\nHost: a\r\nContent-Length: 1\r\nX: y\r\n\r\n")
	if err != nil || head.Fields[1].Named || head.Fields[2].Named {
		t.Errorf("%+v %v", head.Fields, err)
	}
}

func TestAnswersEndAsTheirStatusAndFieldsSay(t *testing.T) {
	for _, test := range []struct {
		text    string
		toHead  bool
		framing Framing
		keeps   bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, WithLength, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, NoBody, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, NoBody, true},
		{"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n", false, Chunked, true},
		{"HTTP/1.1 200 \r\n\r\n", false, UntilClose, false},
		{"HTTP/1.1 200 \r\n\r\n", true, NoBody, true},
		{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", false, WithLength, false},
		{"HTTP/1.1 204 No Content\r\n\r\n", false, NoBody, true},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, NoBody, true},
		{"HTTP/1.1 100 Continue\r\n\r\n", false, NoBody, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", false, WithLength, false},
	} {
		var head Head
		size, err := head.ParseResponse([]byte(test.text), test.toHead)
		if err != nil || size != len(test.text) || head.Framing != test.framing || head.KeepAlive != test.keeps {
			t.Errorf("%q: %d, framing %d, keeps %v, %v", test.text, size, head.Framing, head.KeepAlive, err)
		}
	}
}

func TestMalformedAnswersAreRefused(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n", "ICY 200 OK\r\n\r\n", "200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\nX: y\r\n\r\n",
	} {
		var head Head
		if _, err := head.ParseResponse([]byte(text), false); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// decodeInPieces feeds a chunked body in pieces of that size.
func decodeInPieces(text string, step int) (payload string, used int, over bool, err error) {
	var body Body
	body.Begin(Chunked, 0)
	for used < len(text) && !body.Over() {
		piece := []byte(text[used:min(used+step, len(text))])
		count, size, err := body.Decode(piece)
		payload += string(piece[:size])
		used += count
		if err != nil {
			return payload, used, false, err
		}
	}
	return payload, used, body.Over(), nil
}

func TestChunkedBodiesAreFollowedInPiecesOfAnySize(t *testing.T) {
	const text = "5\r\nhello\r\n00a;x=\"y z\";q\r\n, world...\r\n0\r\nX-Sum: 12\r\nY:\r\n\r\n"
	for step := 1; step <= len(text)+4; step++ {
		payload, used, over, err := decodeInPieces(text+"next", step)
		if payload != "hello, world..." || used != len(text) || !over || err != nil {
			t.Fatalf("in steps of %d: %q, %d of %d used, over %v, %v", step, payload, used, len(text), over, err)
		}
	}
}

func TestMalformedChunksAreRefused(t *testing.T) {
	for _, text := range []string{
		"\r\n", ";x\r\n", "g\r\n", "0x1\r\na\r\n", "+1\r\na\r\n", "1 \r\na\r\n", " 1\r\na\r\n", "1\na\r\n", "1\r\nab\r\n", "1\r\na\n",
		"1\ra", "1;\n", "1;a\x00\r\n", "1000000000000000\r\n", "ffffffffffffffff1\r\n", "1\r\na\r\r",
		"0\r\n X: y\r\n\r\n", "0\r\n: y\r\n\r\n", "0\r\nX y\r\n\r\n", "0\r\nX: y\n\r\n", "0\r\n\n", "0\r\nX: \x01\r\n\r\n",
		"0\r\nContent-Length: 1\r\n\r\n", "0\r\ntransfer-encoding: chunked\r\n\r\n", "0\r\nHost: b\r\n\r\n",
		"0\r\nX: " + strings.Repeat("y", maxTrailer) + "\r\n\r\n",
		"1;" + strings.Repeat("y", maxExcess) + "\r\na\r\n",
		strings.Repeat("1;"+strings.Repeat("y", 200)+"\r\na\r\n", 100),
	} {
		if _, _, over, err := decodeInPieces(text, len(text)); err == nil {
			t.Errorf("%.60q was accepted (over: %v)", text, over)
		}
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	request := []byte("GET /path HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nConnection: x-y\r\nX-Y: z\r\n\r\n")
	response := []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: now\r\n\r\n")
	chunked := []byte("5\r\nhello\r\n0\r\nX: y\r\n\r\n")
	var head Head
	var body Body
	allocations := testing.AllocsPerRun(100, func() {
		_, first := head.ParseRequest(request)
		_, second := head.ParseResponse(response, false)
		body.Begin(head.Framing, head.Length)
		_, _, third := body.Consume(chunked)
		if first != nil || second != nil || third != nil || !body.Over() {
			t.Fatal(first, second, third)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
