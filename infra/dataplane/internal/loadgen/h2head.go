package loadgen

import (
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// headerListBytes bounds what the header and the trailers of one answer may hold together.
const headerListBytes = 1 << 20

// h2Block is a header block whose last frame has not come.
type h2Block struct {
	stream uint32 // 0 where there is none.
	ends   bool   // It ends the stream.
	kept   h2Head // The awaited answer's head, should the block not be its.
}

// h2Head is what is looked at of an answer's header and trailers.
type h2Head struct {
	blocks     int // Header blocks seen, interim ones not counted.
	status     int
	grpcStatus int // −1 where there is none.
	length     int64
	body       int64
	receivedNs int64
	sentNs     int64
	malformed  bool
}

var emptyHead = h2Head{grpcStatus: -1, length: -1, receivedNs: -1, sentNs: -1}

// sound reports whether a whole answer is one.
func (h h2Head) sound(headOnly bool) bool {
	if headOnly || h.status == 204 || h.status == 304 {
		return h.body == 0
	}
	return h.length < 0 || h.length == h.body
}

// readHeaders reads an answer's header, an interim one or its trailers, of which the first frame's payload is given.
func (r *h2Receiver) readHeaders(flags http2.Flags, stream uint32, payload []byte) (ended bool, err error) {
	// A block of a request that has been given up is read all the same, because the table that later ones refer to
	// depends on it.
	if stream == 0 || stream > r.awaited {
		return false, errNoHTTP2
	}
	padding := 0
	if flags.Has(http2.FlagHeadersPadded) {
		if len(payload) == 0 {
			return false, errNoHTTP2
		}
		padding = int(payload[0])
		payload = payload[1:]
	}
	if flags.Has(http2.FlagHeadersPriority) {
		if len(payload) < 5 {
			return false, errNoHTTP2
		}
		payload = payload[5:]
	}
	if padding > len(payload) {
		return false, errNoHTTP2
	}
	r.block = h2Block{stream: stream, ends: flags.Has(http2.FlagHeadersEndStream), kept: r.head}
	r.head.blocks++
	return r.decode(payload[:len(payload)-padding], flags.Has(http2.FlagHeadersEndHeaders))
}

// decode feeds a piece of a header block to the decoder and, after the last, looks at what the block was.
func (r *h2Receiver) decode(fragment []byte, last bool) (ended bool, err error) {
	if _, err := r.decoder.Write(fragment); err != nil || r.listed > headerListBytes {
		return false, errNoHTTP2
	}
	if !last {
		return false, nil
	}
	if r.decoder.Close() != nil {
		return false, errNoHTTP2
	}
	block := r.block
	r.block = h2Block{}
	if block.stream != r.awaited {
		r.head = block.kept
		return false, nil
	}
	head := &r.head
	switch {
	case head.malformed, head.blocks == 1 && head.status < 100, head.blocks == 2 && !block.ends, head.blocks > 2:
		return false, errNoHTTP2
	case head.blocks == 1 && head.status < 200:
		if block.ends {
			return false, errNoHTTP2
		}
		*head = emptyHead // An interim answer.
	}
	return block.ends, nil
}

// field is called by the decoder for each header field.
func (r *h2Receiver) field(f hpack.HeaderField) {
	r.listed += len(f.Name) + len(f.Value) + 32
	head := &r.head
	switch f.Name {
	case ":status":
		status, err := strconv.Atoi(f.Value)
		if err != nil || len(f.Value) != 3 || head.blocks != 1 || head.status != 0 {
			head.malformed = true
		}
		head.status = status
	case "content-length":
		if length, err := strconv.ParseInt(f.Value, 10, 64); err == nil && length >= 0 && head.blocks == 1 {
			head.length = length
		} else {
			head.malformed = true
		}
	case "grpc-status":
		status, err := strconv.Atoi(f.Value)
		if err != nil || status < 0 {
			head.malformed = true
		}
		head.grpcStatus = status
	case "x-meshmark-received-ns":
		head.receivedNs = nsOf(f.Value)
	case "x-meshmark-sent-ns":
		head.sentNs = nsOf(f.Value)
	}
}

func nsOf(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return value
}
