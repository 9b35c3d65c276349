package sidecar

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"meshmark/dataplane/internal/processtest"
)

// recorder is a service that keeps the bytes it is sent and answers each head with an empty 200.
type recorder struct {
	mutex    sync.Mutex
	received bytes.Buffer
}

func (r *recorder) serve(connection *net.TCPConn) {
	buffer := make([]byte, 64*1024)
	for {
		count, err := connection.Read(buffer)
		r.mutex.Lock()
		r.received.Write(buffer[:count])
		r.mutex.Unlock()
		for range bytes.Count(buffer[:count], []byte("HTTP/1.1\r\n")) {
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
		if err != nil {
			return
		}
	}
}

func (r *recorder) text() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.received.String()
}

// exchange sends the text and returns all that comes back until the connection ends or nothing comes for a while.
func exchange(t *testing.T, address string, pieces ...string) string {
	t.Helper()
	client := dial(t, address)
	go func() {
		for _, piece := range pieces {
			_, _ = io.WriteString(client, piece)
			if len(pieces) > 1 {
				time.Sleep(20 * time.Millisecond)
			}
		}
	}()
	_ = client.SetReadDeadline(time.Now().Add(500*time.Millisecond + time.Duration(len(pieces))*20*time.Millisecond))
	answer, _ := io.ReadAll(client)
	return string(answer)
}

func TestAmbiguousRequestsOfHTTP1NeverReachTheService(t *testing.T) {
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	attacks := map[string]string{
		"length and chunks":          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"chunks and length":          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n0\r\n\r\n" + smuggled,
		"length in odd case":         "POST / HTTP/1.1\r\nHost: x\r\ncOnTeNt-LeNgTh: 4\r\nTRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"two lengths":                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 50\r\n\r\n0\r\n\r\n" + smuggled,
		"a list of lengths":          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd" + smuggled,
		"a signed length":            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd" + smuggled,
		"a length in hexadecimal":    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\nabcd" + smuggled,
		"a negative length":          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\nabcd" + smuggled,
		"an unknown coding":          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"chunked not last":           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled,
		"two codings":                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
		"a space before the colon":   "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"a tab before the coding":    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"a name after a bare CR":     "POST / HTTP/1.1\r\nHost: x\r\nA: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"a bare CR in a value":       "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
		"a NUL in a value":           "GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
		"a continued first line":     "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
		"no colon":                   "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding\r\n\r\n",
		"an empty name":              "GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n",
		"two hosts":                  "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"no host":                    "GET / HTTP/1.1\r\n\r\n",
		"a strange version":          "GET / HTTP/1.9x\r\nHost: x\r\n\r\n",
		"a space within the target":  "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
		"a preface of another HTTP":  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"a control char in the name": "GET / HTTP/1.1\r\nHost: x\r\nA\x01: b\r\n\r\n",
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			record := &recorder{}
			sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve))
			answer := exchange(t, sidecar.Address, attack)
			status, _, _ := strings.Cut(answer, "\r\n")
			if !strings.HasPrefix(status, "HTTP/1.1 4") && !strings.HasPrefix(status, "HTTP/1.1 5") {
				t.Errorf("answered with %q", answer)
			}
			if got := record.text(); got != "" {
				t.Errorf("the service was sent %q", got)
			}
			if witness := sidecar.Snapshot().Witness; witness.UpstreamDials != 0 {
				t.Errorf("%d dials", witness.UpstreamDials)
			}
		})
	}
}

func TestChunksThatAreNoneBreakTheRequestOff(t *testing.T) {
	for name, body := range map[string]string{
		"no number":            "zz\r\nabcd\r\n0\r\n\r\n",
		"a sign":               "+4\r\nabcd\r\n0\r\n\r\n",
		"a prefix":             "0x4\r\nabcd\r\n0\r\n\r\n",
		"too large":            "ffffffffffffffffff\r\nabcd\r\n0\r\n\r\n",
		"a bare LF":            "4\nabcd\n0\n\n",
		"longer than it says":  "2\r\nabcd\r\n0\r\n\r\n",
		"a bare CR in the end": "4\r\nabcd\r0\r\n\r\n",
		"a late failure":       "4\r\nabcd\r\nzz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			record := &recorder{}
			sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve))
			const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
			exchange(t, sidecar.Address, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+body+smuggled)
			got := record.text()
			if strings.Contains(got, "smuggled") || strings.HasSuffix(got, "0\r\n\r\n") {
				t.Errorf("the service was sent %q", got)
			}
		})
	}
}

func TestNothingAfterChunksLeftUnreadIsARequest(t *testing.T) {
	record := &recorder{}
	sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve))
	client := dial(t, sidecar.Address)
	fmt.Fprint(client, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
	lines := bufio.NewReader(client)
	// The service answers early, and the rest is no longer wanted.
	if answer, err := http.ReadResponse(lines, nil); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	fmt.Fprint(client, "zz\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = client.SetReadDeadline(time.Now().Add(5 * time.Second))
	if rest, err := io.ReadAll(lines); errors.Is(err, os.ErrDeadlineExceeded) || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
	if got := record.text(); strings.Contains(got, "smuggled") {
		t.Errorf("the service was sent %q", got)
	}
}

func TestHeadInPiecesThatMayHideALengthEndsTheConnection(t *testing.T) {
	record := &recorder{}
	sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve))
	answer := exchange(t, sidecar.Address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n", "Transfer-Encoding: chunked\r\n",
		"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
	if got := record.text(); strings.Contains(got, "smuggled") || strings.Contains(got, "Content-Length") {
		t.Errorf("the service was sent %q", got)
	}
	if !strings.Contains(answer, "Connection: close") {
		t.Errorf("answered with %q", answer)
	}
}

func TestConnectionWithHonestChunksIsKept(t *testing.T) {
	sidecar := processtest.StartServer(t, "--upstream", startService(t, nil, side{"http1", "plain"}, service()))
	client := dial(t, sidecar.Address)
	lines := bufio.NewReader(client)
	for range 5 {
		fmt.Fprint(client, "POST /digest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nContent-Length: \r\n0\r\n\r\n")
		answer, err := http.ReadResponse(lines, nil)
		if err != nil || answer.StatusCode != http.StatusOK || answer.Close {
			t.Fatal(answer, err)
		}
		if body, err := io.ReadAll(answer.Body); err != nil || !strings.HasPrefix(string(body), "16 ") {
			t.Fatalf("%q, %v", body, err)
		}
	}
}

// What net/http makes one clean request of, as RFC 9112 allows, must be one clean request to the service.
func TestToleratedFormsReachTheServiceNormalised(t *testing.T) {
	for name, request := range map[string]string{
		"a folded line":   "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
		"bare line feeds": "GET / HTTP/1.1\nHost: x\nA: b c\n\n",
	} {
		record := &recorder{}
		sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve))
		exchange(t, sidecar.Address, request)
		if got, want := record.text(), "GET / HTTP/1.1\r\nHost: x\r\nA: b c\r\n\r\n"; got != want {
			t.Errorf("%s: the service was sent %q", name, got)
		}
	}
}

func TestAmbiguousRequestsOfHTTP2NeverReachAServiceOfHTTP1(t *testing.T) {
	for name, fields := range map[string][]hpack.HeaderField{
		"a line end in a value":    {{Name: "a", Value: "b\r\nTransfer-Encoding: chunked"}},
		"a line feed in a value":   {{Name: "a", Value: "b\nc: d"}},
		"a line end in a name":     {{Name: "a: b\r\nc", Value: "d"}},
		"a colon in a name":        {{Name: "transfer-encoding: chunked\r\nx", Value: "y"}},
		"chunks":                   {{Name: "transfer-encoding", Value: "chunked"}},
		"connection":               {{Name: "connection", Value: "keep-alive"}},
		"upgrade":                  {{Name: "upgrade", Value: "h2c"}},
		"proxy-connection":         {{Name: "proxy-connection", Value: "close"}},
		"capitals":                 {{Name: "Transfer-Encoding", Value: "chunked"}},
		"a late pseudo-header":     {{Name: "a", Value: "b"}, {Name: ":path", Value: "/smuggled"}},
		"two paths":                {{Name: ":path", Value: "/smuggled"}},
		"a NUL":                    {{Name: "a", Value: "b\x00"}},
		"te other than trailers":   {{Name: "te", Value: "chunked"}},
		"an unknown pseudo-header": {{Name: ":evil", Value: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			record := &recorder{}
			sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve),
				"--listen-protocol", "h2", "--upstream-protocol", "http1")
			refused, err := sendH2(t, sidecar.Address, "/", fields, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !refused {
				t.Error("was answered")
			}
			if got := record.text(); got != "" {
				t.Errorf("the service was sent %q", got)
			}
		})
	}
	for _, path := range []string{"/a HTTP/1.1\r\nHost: y\r\n\r\nGET /smuggled", "/a b", "smuggled", "http://y/smuggled"} {
		record := &recorder{}
		sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve),
			"--listen-protocol", "h2", "--upstream-protocol", "http1")
		if _, err := sendH2(t, sidecar.Address, path, nil, nil); err != nil {
			t.Fatal(err)
		}
		got := record.text()
		if strings.Count(got, " HTTP/1.1\r\n") > 1 || strings.Contains(got, "Host: y") || strings.Contains(got, "GET http") {
			t.Errorf("%q: the service was sent %q", path, got)
		}
	}
}

func TestBodyOfHTTP2LongerOrShorterThanItsLengthIsNotPassedOffAsWhole(t *testing.T) {
	for _, lengths := range [][]string{{"3"}, {"30"}, {"3", "22"}, {"30", "22"}} {
		record := &recorder{}
		sidecar := processtest.StartServer(t, "--upstream", startTCP(t, record.serve),
			"--listen-protocol", "h2", "--upstream-protocol", "http1")
		body := []byte("GET /smuggled HTTP/1.1")
		var fields []hpack.HeaderField
		for _, length := range lengths {
			fields = append(fields, hpack.HeaderField{Name: "content-length", Value: length})
		}
		if _, err := sendH2(t, sidecar.Address, "/", fields, body); err != nil {
			t.Fatal(err)
		}
		got := record.text()
		if strings.Count(got, "Content-Length") > 1 || strings.Contains(got, "smuggled") && !strings.Contains(got, "Content-Length: 30\r\n") {
			t.Errorf("lengths %v: the service was sent %q", lengths, got)
		}
	}
}

// sendH2 writes a request frame by frame, which no honest client would let through. It returns whether its stream or
// connection was reset, or it was answered with an error of the client.
func sendH2(t *testing.T, address, path string, fields []hpack.HeaderField, body []byte) (refused bool, err error) {
	t.Helper()
	client := dial(t, address)
	_ = client.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(client, http2.ClientPreface); err != nil {
		return false, fmt.Errorf("write the preface: %w", err)
	}
	framer := http2.NewFramer(client, client)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	all := append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "x"}, {Name: ":path", Value: path},
	}, fields...)
	for _, field := range all {
		if err := encoder.WriteField(field); err != nil {
			return false, fmt.Errorf("encode %s: %w", field.Name, err)
		}
	}
	if err := errors.Join(framer.WriteSettings(), framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: body == nil,
	})); err != nil {
		return false, fmt.Errorf("write the request: %w", err)
	}
	if body != nil {
		_ = framer.WriteData(1, true, body)
	}
	for {
		frame, err := framer.ReadFrame()
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			status := frame.PseudoValue("status")
			return status[0] == '4', nil
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return true, nil
		}
		if err != nil {
			return true, nil // The connection was closed.
		}
	}
}

func FuzzFindLength(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n"), "POST")
	f.Add([]byte("OST / HTTP/1.1\nHost: x\n\n"), "POST")
	f.Add([]byte("POST / HTTP/1.1\r\nA: b\r\n Content-Length: 4\r\n\r\n"), "POST")
	f.Fuzz(func(t *testing.T, head []byte, method string) {
		if method == "" {
			return // net/http makes a GET of it.
		}
		hasLength, whole := findLength(head, method)
		if !whole {
			return
		}
		// Whatever net/http takes for a length must have been found.
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append([]byte(nil), head...))))
		if err == nil && request.ContentLength > 0 && !hasLength {
			t.Errorf("no length in %q, net/http sees %d", head, request.ContentLength)
		}
	})
}
