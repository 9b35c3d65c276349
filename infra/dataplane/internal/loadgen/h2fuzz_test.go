package loadgen

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// checkRequestFrames reads a target's request as a server does.
func checkRequestFrames(t *testing.T, spec targetSpec, request *h2Request) {
	t.Helper()
	head := bytes.Clone(request.head)
	for _, at := range request.frames {
		binary.BigEndian.PutUint32(head[at+5:], 1)
	}
	framer := http2.NewFramer(io.Discard, bytes.NewReader(head))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	framer.MaxHeaderListSize = 64 << 20
	frame, err := framer.ReadFrame()
	if err != nil {
		t.Fatalf("%+v: %v", spec, err)
	}
	fields := frame.(*http2.MetaHeadersFrame)
	if fields.StreamEnded() != (len(request.body) == 0) || fields.PseudoValue("path") == "" {
		t.Fatalf("%+v became %v", spec, fields.Fields)
	}
	if _, err := framer.ReadFrame(); err != io.EOF {
		t.Fatalf("%+v: more than one header: %v", spec, err)
	}
}

func FuzzH2Answer(f *testing.F) {
	record := func(write func(p *h2Peer)) {
		var wire bytes.Buffer
		p := &h2Peer{Framer: http2.NewFramer(&wire, nil)}
		p.encoder = hpack.NewEncoder(&p.block)
		_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 9})
		write(p)
		f.Add(wire.Bytes())
	}
	record(func(p *h2Peer) { p.answer(1); p.answer(3) })
	record(func(p *h2Peer) {
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.fields(":status", "200", "grpc-status", "0"), PadLength: 3})
		_ = p.WriteContinuation(1, true, nil)
		_ = p.WriteDataPadded(1, true, []byte("x"), make([]byte, 9))
		_ = p.WritePing(false, [8]byte{})
		_ = p.WriteWindowUpdate(1, 10)
	})
	record(func(p *h2Peer) {
		_ = p.WriteGoAway(1, http2.ErrCodeNo, nil)
		_ = p.WriteRSTStream(1, http2.ErrCodeCancel)
	})
	f.Fuzz(func(t *testing.T, wire []byte) {
		made, err := newTarget(targetSpec{Protocol: protocolH2, Method: "POST", BodyBase64: encodedZeros(40), Connections: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := made.conns[0]
		var said bytes.Buffer
		c.h2.sender.writeNow = func(frames []byte) (int, bool) { n, _ := said.Write(frames); return n, true }
		sender, receiver := &c.h2.sender, &c.h2.receiver
		receiver.idle = func() bool { return false }
		receiver.source = bufio.NewReaderSize(bytes.NewReader(wire), readBufferBytes)
		receiver.begin()
		sender.begin(nil)
		// The flusher would want a socket.
		sender.flushing = true
		for range 4 {
			sender.sendRequest(c.target.mix.kinds[0].h2)
			head, err := receiver.readAnswer()
			if err == nil && (head.status < 200 || head.status > 999) {
				t.Fatalf("status %d was taken", head.status)
			}
			if err != nil && !errors.Is(err, errStreamReset) && !errors.Is(err, errBlamed) {
				break // The connection is closed then.
			}
			if receiver.awaited%2 != 1 || receiver.connectionLeft < 0 || receiver.streamLeft < 0 {
				t.Fatalf("stream %d, windows %d and %d", receiver.awaited, receiver.connectionLeft, receiver.streamLeft)
			}
		}
		// Whatever was said in reply are frames.
		framer := http2.NewFramer(nil, io.MultiReader(bytes.NewReader(said.Bytes()[len(http2.ClientPreface):]), bytes.NewReader(sender.pending)))
		for {
			if _, err := framer.ReadFrame(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("said no frame: %v", err)
			}
		}
	})
}
