package lean

import (
	"bytes"
	"testing"

	"meshmark/dataplane/internal/admin"
)

// converse gives an exchange a request and an answer in pieces of that size, and returns what the client is written.
func converse(t *testing.T, request, answer []byte, step int) (toUpstream, toClient []byte, whole bool) {
	counters := &admin.Counters{}
	options := Options{Upstream: "u:1", UpstreamConnections: "pooled"}
	x := &exchange{proxy: &proxy{options: options, counters: counters, memory: newMemory("pooled", counters)}}
	fed := 0
	for {
		found, err := x.next()
		if err != nil {
			return nil, []byte("refused"), false
		}
		if found {
			break
		}
		if fed == len(request) {
			return nil, nil, false
		}
		count := copy(x.inSpace(), request[fed:min(fed+step, len(request))])
		x.inFilled(count)
		fed += count
	}
	toUpstream = bytes.Clone(x.out)
	for at := 0; ; {
		for {
			pending, err := x.pull()
			if err != nil {
				return toUpstream, toClient, false
			}
			if len(pending) == 0 {
				break
			}
			toClient = append(toClient, pending...)
		}
		if x.answered() || x.switched() {
			break
		}
		if at == len(answer) {
			if x.upstreamEnded() != nil {
				return toUpstream, toClient, false
			}
			break
		}
		space, err := x.answerSpace()
		if err != nil {
			return toUpstream, toClient, false
		}
		if len(space) == 0 {
			t.Fatal("no space to read an answer into")
		}
		count := copy(space, answer[at:min(at+step, len(answer))])
		x.answerFilled(count)
		at += count
	}
	x.finish()
	if counters.BytesThroughPool.Load() > counters.BytesCopied.Load() {
		t.Fatal("more bytes through the pool than at all")
	}
	return toUpstream, toClient, true
}

// FuzzExchange: the client is written the same however the request and the answer are cut into pieces; a failure may
// come earlier or later, and what was written before it is a part of the same.
func FuzzExchange(f *testing.F) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	f.Add([]byte(get), []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP"), 1)
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"), []byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nX: y\r\n\r\n"), 5)
	f.Add([]byte("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nX: y\r\n\r\n"), []byte("HTTP/1.0 200\r\n\r\n"), 7)
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nmore"), []byte("HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\nmore"), 9)
	f.Add([]byte("POST http://b/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), []byte("HTTP/1.1 204 N\r\nContent-Length: 1\r\n\r\n"), 3)
	f.Fuzz(func(t *testing.T, request, answer []byte, step int) {
		step = max(step, 1)
		up, down, whole := converse(t, request, answer, 1<<20)
		upAgain, downAgain, wholeAgain := converse(t, request, answer, step)
		if !whole || !wholeAgain {
			shorter := min(len(down), len(downAgain))
			if whole != wholeAgain && len(up) == len(upAgain) || !bytes.Equal(down[:shorter], downAgain[:shorter]) {
				t.Fatalf("whole %v %q, in steps of %d %v %q", whole, down, step, wholeAgain, downAgain)
			}
			return
		}
		// A tunnel's first bytes are passed on by whoever has read them.
		if len(down) > len(downAgain) {
			down = down[:len(downAgain)]
		}
		// How much of the body came with the head is a matter of the pieces.
		if len(up) > len(upAgain) {
			up = up[:len(upAgain)]
		}
		if !bytes.Equal(up, upAgain) || !bytes.Equal(down, downAgain) {
			t.Fatalf("\n%q\n%q\nin steps of %d\n%q\n%q", up, down, step, upAgain, downAgain)
		}
	})
}
