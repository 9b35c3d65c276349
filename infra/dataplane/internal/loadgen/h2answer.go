package loadgen

import (
	"bufio"
	"encoding/binary"
	"errors"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

var (
	// errNoHTTP2 is an answer, or a frame between answers, that is not as HTTP/2 demands.
	errNoHTTP2 = errors.New("not what HTTP/2 demands")
	// errBlamed is a peer that says that we broke the protocol.
	errBlamed = errors.New("the peer says that the protocol was broken")
	// errGoneAway is a peer that takes no request any more.
	errGoneAway = errors.New("the peer takes no more requests")
	// errStreamReset is a request that the peer broke off; the connection lives on.
	errStreamReset = errors.New("the peer broke the request off")
	errWrite       = errors.New("the connection takes no more bytes")
)

// h2Receiver is the reading half of an HTTP/2 connection. As one request at a time is under way, its stream is known
// without asking the sender. Bodies are passed over where they lie in the buffer.
type h2Receiver struct {
	source  *bufio.Reader
	sender  *h2Sender
	decoder *hpack.Decoder

	awaited  uint32 // The stream of the answer that comes next.
	settled  bool   // The peer's settings have come.
	draining bool   // The peer wants no requests beyond those it has.

	connectionLeft, connectionUsed int64 // The windows that we keep open.
	streamLeft, streamUsed         int64

	head   h2Head
	listed int // Bytes of header fields of this answer.
	block  h2Block

	// idle reports whether no request is under way.
	idle func() bool
}

// begin makes the half ready for a new connection.
func (r *h2Receiver) begin() {
	*r = h2Receiver{
		source: r.source, sender: r.sender, idle: r.idle, awaited: 1, connectionLeft: connectionWindowBytes,
		streamLeft: streamWindowBytes, head: emptyHead,
	}
	r.decoder = hpack.NewDecoder(4096, r.field)
	r.decoder.SetMaxStringLength(headerListBytes)
}

// readSettings reads until the peer's settings have come.
func (r *h2Receiver) readSettings() error {
	for !r.settled {
		if _, err := r.readFrame(); err != nil {
			return err
		}
	}
	return nil
}

// readAnswer reads the answer that comes next to its end, and whatever lies before it. The error says why there is none
// or, with a whole one, what is wrong with it.
func (r *h2Receiver) readAnswer() (h2Head, error) {
	for {
		ended, err := r.readFrame()
		if err != nil && !errors.Is(err, errStreamReset) && !errors.Is(err, errBlamed) {
			return r.head, err
		}
		if !ended && err == nil {
			if r.draining && r.idle() {
				return r.head, errGoneAway
			}
			continue
		}
		found := r.head
		if !r.sender.abandon(err == nil) {
			return found, errWrite
		}
		r.awaited += 2
		r.head, r.listed = emptyHead, 0
		r.streamLeft, r.streamUsed = streamWindowBytes, 0
		if err == nil && !found.sound(r.sender.request.headOnly) {
			err = errNoHTTP2
		}
		return found, err
	}
}

// exhausted reports whether another request needs another connection.
func (r *h2Receiver) exhausted() bool { return r.draining || r.awaited > lastStream }

// readFrame reads one frame and does what it asks. ended means that the awaited answer is whole. Unless a body is being
// read, an error of the connection leaves what came so far where it can be read again.
func (r *h2Receiver) readFrame() (ended bool, err error) {
	header, err := r.source.Peek(frameHeaderBytes)
	if err != nil {
		return false, err
	}
	length := int(header[0])<<16 | int(header[1])<<8 | int(header[2])
	kind, flags := http2.FrameType(header[3]), http2.Flags(header[4])
	stream := binary.BigEndian.Uint32(header[5:]) & lastStream
	if length > largestFrame {
		return false, errNoHTTP2
	}
	if kind == http2.FrameData {
		return r.readData(length, flags, stream)
	}
	whole, err := r.source.Peek(frameHeaderBytes + length)
	if err != nil {
		return false, err
	}
	ended, err = r.obey(kind, flags, stream, whole[frameHeaderBytes:])
	if err == nil || errors.Is(err, errStreamReset) || errors.Is(err, errBlamed) {
		if _, failed := r.source.Discard(frameHeaderBytes + length); failed != nil {
			return false, failed
		}
	}
	return ended, err
}

func (r *h2Receiver) obey(kind http2.FrameType, flags http2.Flags, stream uint32, payload []byte) (ended bool, err error) {
	if !r.settled && kind != http2.FrameSettings {
		return false, errNoHTTP2 // Settings come first.
	}
	if (r.block.stream != 0) != (kind == http2.FrameContinuation) || (r.block.stream != 0 && r.block.stream != stream) {
		return false, errNoHTTP2
	}
	switch kind {
	case http2.FrameContinuation:
		return r.decode(payload, flags.Has(http2.FlagContinuationEndHeaders))
	case http2.FrameHeaders:
		return r.readHeaders(flags, stream, payload)
	case http2.FrameSettings:
		return false, r.obeySettings(flags, stream, payload)
	case http2.FramePing:
		if len(payload) != 8 || stream != 0 {
			return false, errNoHTTP2
		}
		if flags.Has(http2.FlagPingAck) {
			return false, nil
		}
		pong := appendFrameHeader(make([]byte, 0, frameHeaderBytes+8), 8, http2.FramePing, http2.FlagPingAck, 0)
		return false, r.say(append(pong, payload...))
	case http2.FrameWindowUpdate:
		if len(payload) != 4 {
			return false, errNoHTTP2
		}
		increment := binary.BigEndian.Uint32(payload) & lastStream
		if increment == 0 || !r.sender.widen(stream, increment) {
			return false, errNoHTTP2
		}
		return false, nil
	case http2.FrameRSTStream:
		if len(payload) != 4 || stream == 0 || stream > r.awaited {
			return false, errNoHTTP2
		}
		if stream < r.awaited {
			return false, nil // It has been answered, and does not want the rest of its body.
		}
		return false, errorOf(http2.ErrCode(binary.BigEndian.Uint32(payload)), errStreamReset)
	case http2.FrameGoAway:
		if len(payload) < 8 || stream != 0 {
			return false, errNoHTTP2
		}
		r.draining = true
		if last := binary.BigEndian.Uint32(payload) & lastStream; last >= r.awaited {
			return false, nil
		}
		if errors.Is(errorOf(http2.ErrCode(binary.BigEndian.Uint32(payload[4:])), errGoneAway), errBlamed) {
			return false, errNoHTTP2
		}
		return false, errGoneAway
	case http2.FramePushPromise:
		return false, errNoHTTP2 // We said that we want none.
	default:
		return false, nil // PRIORITY and what extensions bring.
	}
}

// errorOf tells a peer that blames us from one that breaks off for reasons of its own.
func errorOf(code http2.ErrCode, otherwise error) error {
	switch code {
	case http2.ErrCodeProtocol, http2.ErrCodeFlowControl, http2.ErrCodeStreamClosed, http2.ErrCodeFrameSize, http2.ErrCodeCompression:
		return errBlamed
	}
	return otherwise
}

func (r *h2Receiver) say(frame []byte) error {
	if !r.sender.control(frame) {
		return errWrite
	}
	return nil
}

func (r *h2Receiver) obeySettings(flags http2.Flags, stream uint32, payload []byte) error {
	acknowledges := flags.Has(http2.FlagSettingsAck)
	if stream != 0 || len(payload)%6 != 0 || (acknowledges && len(payload) > 0) || (acknowledges && !r.settled) {
		return errNoHTTP2
	}
	if acknowledges {
		return nil
	}
	for ; len(payload) > 0; payload = payload[6:] {
		value := binary.BigEndian.Uint32(payload[2:])
		if http2.SettingID(binary.BigEndian.Uint16(payload)) == http2.SettingInitialWindowSize && !r.sender.setInitialWindow(value) {
			return errNoHTTP2
		}
	}
	r.settled = true
	return r.say(appendFrameHeader(make([]byte, 0, frameHeaderBytes), 0, http2.FrameSettings, http2.FlagSettingsAck, 0))
}

// readData passes over a piece of a body and opens the windows again where half of one is used.
func (r *h2Receiver) readData(length int, flags http2.Flags, stream uint32) (ended bool, err error) {
	padding := 0
	if flags.Has(http2.FlagDataPadded) {
		start, err := r.source.Peek(frameHeaderBytes + 1)
		if err != nil {
			return false, err
		}
		padding = 1 + int(start[frameHeaderBytes])
	}
	ours := stream == r.awaited
	if !r.settled || r.block.stream != 0 || stream == 0 || stream > r.awaited || padding > length || int64(length) > r.connectionLeft ||
		(ours && (r.head.blocks != 1 || int64(length) > r.streamLeft)) {
		return false, errNoHTTP2
	}
	if _, err := r.source.Discard(frameHeaderBytes + length); err != nil {
		return false, unexpectedEOF(err)
	}
	r.connectionLeft -= int64(length)
	r.connectionUsed += int64(length)
	var frames [2 * (frameHeaderBytes + 4)]byte
	updates := frames[:0]
	if r.connectionUsed >= connectionWindowBytes/2 {
		updates = appendWindowUpdate(updates, 0, uint32(r.connectionUsed))
		r.connectionLeft += r.connectionUsed
		r.connectionUsed = 0
	}
	if ours {
		r.head.body += int64(length - padding)
		r.streamLeft -= int64(length)
		r.streamUsed += int64(length)
		ended = flags.Has(http2.FlagDataEndStream)
		if r.streamUsed >= streamWindowBytes/2 && !ended {
			updates = appendWindowUpdate(updates, stream, uint32(r.streamUsed))
			r.streamLeft += r.streamUsed
			r.streamUsed = 0
		}
	}
	if len(updates) > 0 {
		err = r.say(updates)
	}
	return ended, err
}
