package loadgen

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2Peer is a server's side of one connection, frame by frame.
type h2Peer struct {
	*http2.Framer
	nc      net.Conn
	block   bytes.Buffer
	encoder *hpack.Encoder
}

// serveH2 greets each connection and then leaves it to a function of ours.
func serveH2(t *testing.T, accepted *atomic.Int64, settings []http2.Setting, handle func(*h2Peer)) string {
	return serveRaw(t, func(nc net.Conn) {
		accepted.Add(1)
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(nc, preface); err != nil || string(preface) != http2.ClientPreface {
			return
		}
		peer := &h2Peer{Framer: http2.NewFramer(nc, bufio.NewReader(nc)), nc: nc}
		peer.encoder = hpack.NewEncoder(&peer.block)
		peer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		if peer.WriteSettings(settings...) != nil {
			return
		}
		handle(peer)
	})
}

// request reads until a request is whole; 0 when the connection has ended.
func (p *h2Peer) request() (stream uint32) {
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			return 0
		}
		ended := false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = p.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			ended = frame.StreamEnded()
		case *http2.DataFrame:
			ended = frame.StreamEnded()
		}
		if ended {
			return frame.Header().StreamID
		}
	}
}

func (p *h2Peer) fields(pairs ...string) []byte {
	p.block.Reset()
	for index := 0; index < len(pairs); index += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: pairs[index], Value: pairs[index+1]})
	}
	return bytes.Clone(p.block.Bytes())
}

func (p *h2Peer) headers(stream uint32, end bool, pairs ...string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.fields(pairs...), EndHeaders: true, EndStream: end})
}

// answer is the plainest that there is.
func (p *h2Peer) answer(stream uint32) {
	p.headers(stream, false, ":status", "200", "content-length", "2")
	_ = p.WriteData(stream, true, []byte("ok"))
}
