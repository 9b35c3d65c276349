package loadgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	frameHeaderBytes = 9
	// largestFrame is the largest that a peer must take, and the largest that we say we take.
	largestFrame = 16 << 10
	// grpcPrefixBytes are a flag for compression and the message's length.
	grpcPrefixBytes = 5
)

// h2Request is a target's request as frames that differ from one request to the next only in their stream's number.
type h2Request struct {
	grpc     bool
	headOnly bool
	// head is the HEADERS frame and its continuations, which begin at frames.
	head   []byte
	frames []int
	body   []byte
}

// newH2Request makes the frames of a target that has been checked.
func newH2Request(spec targetSpec, body []byte) *h2Request {
	request := &h2Request{body: body, headOnly: spec.Method == "HEAD"}
	if spec.Protocol == protocolGRPC {
		request.grpc, request.headOnly = true, false
		request.body = make([]byte, grpcPrefixBytes, grpcPrefixBytes+len(body))
		binary.BigEndian.PutUint32(request.body[1:], uint32(len(body)))
		request.body = append(request.body, body...)
	}
	block := headerBlock(h2Fields(spec, len(request.body)))
	for first := true; first || len(block) > 0; first = false {
		fragment := block[:min(len(block), largestFrame)]
		block = block[len(fragment):]
		kind, flags := http2.FrameContinuation, http2.Flags(0)
		if first {
			kind = http2.FrameHeaders
			if len(request.body) == 0 {
				flags |= http2.FlagHeadersEndStream
			}
		}
		if len(block) == 0 {
			flags |= http2.FlagHeadersEndHeaders // A continuation's flag is the same bit.
		}
		request.frames = append(request.frames, len(request.head))
		request.head = appendFrameHeader(request.head, len(fragment), kind, flags, 0)
		request.head = append(request.head, fragment...)
	}
	return request
}

func h2Fields(spec targetSpec, bodyBytes int) []hpack.HeaderField {
	method, path, authority := spec.Method, spec.Path, spec.Address
	if method == "" {
		method = "GET"
	}
	if path == "" {
		path = "/"
	}
	if spec.Protocol == protocolGRPC {
		method, path = "POST", spec.GRPCMethod
	}
	var rest []hpack.HeaderField
	contentType := false
	for _, given := range sortedKeys(spec.Headers) {
		name, value := strings.ToLower(given), spec.Headers[given]
		switch name {
		case "host":
			authority = value
			continue
		case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te":
			continue // They are HTTP/1's.
		case "content-length":
			continue // The body's real length is written below.
		case "content-type":
			contentType = true
		}
		rest = append(rest, hpack.HeaderField{Name: name, Value: value})
	}
	if spec.Protocol == protocolGRPC {
		if !contentType {
			rest = append(rest, hpack.HeaderField{Name: "content-type", Value: "application/grpc"})
		}
		rest = append(rest, hpack.HeaderField{Name: "te", Value: "trailers"})
	} else if bodyBytes > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
		rest = append(rest, hpack.HeaderField{Name: "content-length", Value: fmt.Sprint(bodyBytes)})
	}
	return append([]hpack.HeaderField{
		{Name: ":method", Value: method}, {Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: authority}, {Name: ":path", Value: path},
	}, rest...)
}

// headerBlock compresses without a dynamic table, so that the block is the same for every request. It begins by saying
// so: a peer that has made its table smaller wants to hear it.
func headerBlock(fields []hpack.HeaderField) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSize(0)
	for _, field := range fields {
		_ = encoder.WriteField(field) // A bytes.Buffer takes everything.
	}
	return block.Bytes()
}

// checkH2Fields refuses what HTTP/2 cannot carry.
func checkH2Fields(spec targetSpec) error {
	for name, value := range spec.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("header %q cannot be sent", name)
		}
	}
	for _, text := range []string{spec.Method, spec.Path, spec.GRPCMethod} {
		if !httpguts.ValidHeaderFieldValue(text) {
			return fmt.Errorf("%q cannot be sent", text)
		}
	}
	if spec.Protocol == protocolGRPC && (len(spec.GRPCMethod) < 2 || spec.GRPCMethod[0] != '/') {
		return errors.New(`grpc needs grpcMethod, such as "/meshmark.v1.Echo/Get"`)
	}
	return nil
}

func appendFrameHeader(to []byte, length int, kind http2.FrameType, flags http2.Flags, stream uint32) []byte {
	to = append(to, byte(length>>16), byte(length>>8), byte(length), byte(kind), byte(flags))
	return binary.BigEndian.AppendUint32(to, stream)
}

// greeting is what a client says first. Windows are large enough for most answers to need no update.
var greeting = func() []byte {
	to := []byte(http2.ClientPreface)
	settings := []http2.Setting{
		{ID: http2.SettingEnablePush, Val: 0},
		{ID: http2.SettingInitialWindowSize, Val: streamWindowBytes},
	}
	to = appendFrameHeader(to, 6*len(settings), http2.FrameSettings, 0, 0)
	for _, setting := range settings {
		to = binary.BigEndian.AppendUint16(to, uint16(setting.ID))
		to = binary.BigEndian.AppendUint32(to, setting.Val)
	}
	return appendWindowUpdate(to, 0, connectionWindowBytes-defaultWindowBytes)
}()

func appendWindowUpdate(to []byte, stream, increment uint32) []byte {
	to = appendFrameHeader(to, 4, http2.FrameWindowUpdate, 0, stream)
	return binary.BigEndian.AppendUint32(to, increment)
}
