package message

// Body follows a body through the pieces it comes in. The zero value is a body that is over.
type Body struct {
	framing   Framing
	over      bool
	remaining uint64
	chunks    chunks
}

// Begin sets the framing of the body that comes next, as its head told it.
func (b *Body) Begin(framing Framing, length uint64) {
	b.framing, b.remaining = framing, length
	b.over = framing == NoBody
	if framing == Chunked {
		b.chunks = chunks{}
	}
}

// Over tells whether the body's last byte has been consumed. One that lasts until the connection closes is never over.
func (b *Body) Over() bool { return b.over || b.framing == NoBody }

// UntilClose tells whether the connection's end is the body's end.
func (b *Body) UntilClose() bool { return b.framing == UntilClose }

// Consume returns how many of the bytes belong to this body, and how many of those are payload and not framing. It
// returns a *Malformed for chunks that are none.
func (b *Body) Consume(bytes []byte) (used, payload int, err error) { return b.take(bytes, false) }

// Decode is Consume that also moves the payload to the start of the bytes.
func (b *Body) Decode(bytes []byte) (used, payload int, err error) { return b.take(bytes, true) }

func (b *Body) take(bytes []byte, decode bool) (used, payload int, err error) {
	switch {
	case b.Over():
		return 0, 0, nil
	case b.framing == UntilClose:
		return len(bytes), len(bytes), nil
	case b.framing == WithLength:
		used = int(min(uint64(len(bytes)), b.remaining))
		b.remaining -= uint64(used)
		b.over = b.remaining == 0
		return used, used, nil
	}
	used, payload, err = b.chunks.take(bytes, decode)
	b.over = b.chunks.state == chunksOver
	return used, payload, err
}
