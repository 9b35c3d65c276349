package lean

import (
	"errors"
	"strconv"

	"meshmark/dataplane/internal/lean/message"
)

// headroom is left before an answer's first byte, so that its head, which may grow, can be written anew in front of
// the body bytes that came with it.
const headroom = 256

// answerSpace is where the upstream's next bytes go. What pull returned before must have been written.
func (x *exchange) answerSpace() ([]byte, error) {
	switch {
	case x.answer == nil:
		x.answer = x.proxy.memory.body()
		x.answerStart, x.answerEnd = headroom, headroom
	case x.headDone:
		x.answerStart, x.answerEnd = 0, 0
	case x.answerEnd == len(x.answer):
		// A head that does not fit: move it to the front, or to larger memory, which is the garbage collector's.
		if x.answerEnd-x.answerStart >= message.MaxHead {
			return nil, errAnswerTooLarge
		}
		larger := make([]byte, headroom+message.MaxHead+bodyBuffer)
		end := headroom + copy(larger[headroom:], x.answer[x.answerStart:x.answerEnd])
		x.proxy.memory.putBody(x.answer)
		x.answer, x.answerStart, x.answerEnd = larger, headroom, end
	}
	return x.answer[x.answerEnd:], nil
}

func (x *exchange) answerFilled(count int) {
	x.answerEnd += count
	x.answerStarted = true
}

// pull returns what is to be written to the client next, out of what has been read from the upstream; nothing when
// more has to be read, or when the answer is complete.
func (x *exchange) pull() ([]byte, error) {
	if x.bodyWaits {
		x.bodyWaits = false
		return x.answer[x.bodyFrom:x.bodyTo], nil
	}
	if x.headDone {
		return x.pullBody()
	}
	for !x.headDone {
		size, interim, err := x.pullHead()
		if size == 0 || err != nil || interim != nil {
			return interim, err
		}
	}
	body, err := x.pullBody()
	if err != nil {
		return nil, err
	}
	if start := x.bodyFrom - len(x.back); start >= 0 {
		copy(x.answer[start:], x.back)
		return x.answer[start:x.bodyTo], nil
	}
	x.bodyWaits = len(body) > 0
	return x.back, nil
}

// pullHead reads one head, of that size; 0 when more has to be read. It returns an interim answer to be passed on; a
// final one is left in back, with headDone.
func (x *exchange) pullHead() (size int, interim []byte, err error) {
	if x.answerStart == x.answerEnd {
		return 0, nil, nil
	}
	size, err = x.response.ParseResponse(x.answer[x.answerStart:x.answerEnd], x.toHead)
	if size == 0 || err != nil {
		return 0, nil, err
	}
	head := &x.response
	x.answerStart += size
	switch {
	case head.Status == 101 && !x.upgrading:
		return 0, nil, errNotUpgraded
	case head.Status < 200 && head.Status != 101:
		if head.Status == 100 {
			x.awaitsContinue = false
		}
		if x.http10 {
			return size, nil, nil
		}
		x.rewriteResponse()
		return size, x.back, nil
	}
	x.headDone = true
	x.status = head.Status
	x.proxy.counters.UpstreamHTTP1.Add(1)
	x.upstreamKeeps = head.KeepAlive && head.Status != 101
	x.download.Begin(head.Framing, head.Length)
	x.unzip = x.http10 && head.Framing == message.Chunked
	// A client that was never told to go on may or may not send its body: what it sends next could be either.
	unsure := x.awaitsContinue && !x.uploaded.Load()
	if head.Framing == message.UntilClose || x.unzip || unsure || head.Status == 101 {
		x.clientKeeps = false
	}
	x.rewriteResponse()
	return size, nil, nil
}

// pullBody takes all that has been read.
func (x *exchange) pullBody() ([]byte, error) {
	if x.switched() {
		x.bodyFrom, x.bodyTo = x.answerStart, x.answerEnd
		x.answerStart = x.answerEnd
		x.answeredNs = x.now()
		return x.answer[x.bodyFrom:x.bodyTo], nil
	}
	rest := x.answer[x.answerStart:x.answerEnd]
	var used, payload int
	var err error
	if x.unzip {
		used, payload, err = x.download.Decode(rest)
		rest = rest[:payload]
	} else {
		used, payload, err = x.download.Consume(rest)
		rest = rest[:used]
	}
	if err != nil {
		return nil, err
	}
	x.bodyFrom = x.answerStart
	x.bodyTo = x.bodyFrom + len(rest)
	x.answerStart += used
	x.payload += int64(payload)
	x.proxy.counters.BytesCopied.Add(int64(payload))
	if x.proxy.memory.pooled && len(x.answer) == bodyBuffer {
		x.proxy.counters.BytesThroughPool.Add(int64(payload))
	}
	if x.download.Over() {
		// Bytes behind the answer belong to none, and so would those of the next one.
		x.upstreamDirty = x.upstreamDirty || x.answerStart < x.answerEnd
		x.answerStart = x.answerEnd
		if x.answeredNs == 0 {
			x.answeredNs = x.now()
		}
	}
	return rest, nil
}

// answered says whether all of the answer has been read and returned by pull.
func (x *exchange) answered() bool { return x.headDone && !x.bodyWaits && x.download.Over() }

// switched says whether the connection has become another protocol's.
func (x *exchange) switched() bool { return x.headDone && x.status == 101 }

// upstreamEnded takes the end of the upstream's connection. It returns nil if that is the answer's end.
func (x *exchange) upstreamEnded() error {
	if x.headDone && x.download.UntilClose() {
		x.download = message.Body{}
		x.answeredNs = x.now()
		return nil
	}
	if !x.answerStarted {
		return errNoAnswer
	}
	return errUpstreamEarlyEnd
}

// refusedStatus is what a request is answered with that next refused.
func refusedStatus(err error) int {
	var malformed *message.Malformed
	if errors.As(err, &malformed) {
		return malformed.Status
	}
	return 400
}

// refusal is an answer of the proxy's own. It closes the connection unless keep.
func (x *exchange) refusal(status int, keep bool) []byte {
	x.status = status
	back := append(x.back[:0], "HTTP/1.1 "...)
	back = strconv.AppendInt(back, int64(status), 10)
	back = append(append(append(back, ' '), reasons[status]...), "\r\nContent-Length: 0\r\n"...)
	switch {
	case !keep:
		back = append(back, "Connection: close\r\n"...)
	case x.http10:
		back = append(back, "Connection: keep-alive\r\n"...)
	}
	x.back = append(back, "\r\n"...)
	return x.back
}

var reasons = map[int]string{
	400: "Bad Request",
	431: "Request Header Fields Too Large",
	501: "Not Implemented",
	502: "Bad Gateway",
	504: "Gateway Timeout",
	505: "HTTP Version Not Supported",
}
