package message

const (
	// maxSizeDigits keep a chunk's size below 2^60.
	maxSizeDigits = 15
	// maxExcess bounds what surrounds the data: a body of ever so many tiny chunks with extensions is an attack.
	maxExcess = 16 * 1024
	// maxTrailer bounds the trailer section.
	maxTrailer = 8 * 1024
	// longestFramingName is len("transfer-encoding").
	longestFramingName = 17
)

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkExtension
	chunkSizeEnd
	chunkData
	chunkDataCR
	chunkDataLF
	trailerStart
	trailerName
	trailerValue
	trailerLineEnd
	chunksLF
	chunksOver
)

// chunks follows the chunked coding, a byte at a time outside the data.
type chunks struct {
	state     chunkState
	digits    uint8
	remaining uint64
	// line is the length of the line being read, excess what lines have taken beyond what data justifies.
	line, excess int
	trailer      int
	nameSize     int
	name         [longestFramingName]byte
}

func (c *chunks) take(bytes []byte, decode bool) (used, payload int, err error) {
	for used < len(bytes) && c.state != chunksOver {
		if c.state == chunkData {
			count := int(min(uint64(len(bytes)-used), c.remaining))
			if decode {
				copy(bytes[payload:], bytes[used:used+count])
			}
			used += count
			payload += count
			if c.remaining -= uint64(count); c.remaining == 0 {
				c.state = chunkDataCR
			}
			continue
		}
		if err := c.step(bytes[used]); err != nil {
			return used, payload, err
		}
		used++
	}
	return used, payload, nil
}

// step takes one byte that is not data.
func (c *chunks) step(b byte) error {
	switch c.state {
	case chunkSize, chunkExtension, chunkSizeEnd:
		return c.stepSize(b)
	case chunkDataCR:
		if b != '\r' {
			return ErrChunkEnd
		}
		c.state = chunkDataLF
	case chunkDataLF:
		if b != '\n' {
			return ErrChunkEnd
		}
		c.state, c.digits, c.line = chunkSize, 0, 0
	default:
		return c.stepTrailer(b)
	}
	return nil
}

func (c *chunks) stepSize(b byte) error {
	c.line++
	switch {
	case c.state == chunkSizeEnd:
		if b != '\n' {
			return ErrBareLineEnd
		}
		return c.sizeRead()
	case b == '\r' && c.digits > 0:
		c.state = chunkSizeEnd
	case c.state == chunkExtension:
		if characters[b]&valueCharacter == 0 {
			return ErrChunkExtension
		}
		if c.excess+c.line > maxExcess {
			return ErrChunkExtension
		}
	case b == ';' && c.digits > 0:
		c.state = chunkExtension
	case characters[b]&hexDigit == 0 || c.digits == maxSizeDigits:
		return ErrChunkSize
	default:
		digit := b - '0'
		if b > '9' {
			digit = b | 0x20 - 'a' + 10
		}
		if c.digits == 0 {
			c.remaining = 0
		}
		c.remaining = c.remaining<<4 | uint64(digit)
		c.digits++
	}
	return nil
}

// sizeRead weighs the line against the data it announces, as net/http does.
func (c *chunks) sizeRead() error {
	c.excess += c.line
	if allowed := 16 + 2*min(c.remaining, maxExcess); uint64(c.excess) <= allowed {
		c.excess = 0
	} else {
		c.excess -= int(allowed)
	}
	if c.excess > maxExcess {
		return ErrChunkExtension
	}
	c.state = chunkData
	if c.remaining == 0 {
		c.state = trailerStart
	}
	return nil
}

func (c *chunks) stepTrailer(b byte) error {
	if c.trailer++; c.trailer > maxTrailer {
		return ErrTrailer
	}
	switch c.state {
	case trailerStart:
		if b == '\r' {
			c.state = chunksLF
			return nil
		}
		c.state, c.nameSize = trailerName, 0
		return c.stepTrailerName(b)
	case trailerName:
		return c.stepTrailerName(b)
	case trailerValue:
		if b == '\r' {
			c.state = trailerLineEnd
			return nil
		}
		if characters[b]&valueCharacter == 0 {
			return ErrTrailer
		}
	case trailerLineEnd:
		if b != '\n' {
			return ErrTrailer
		}
		c.state = trailerStart
	case chunksLF:
		if b != '\n' {
			return ErrTrailer
		}
		c.state = chunksOver
	}
	return nil
}

// stepTrailerName keeps the start of a name, to know those that would change what the message is.
func (c *chunks) stepTrailerName(b byte) error {
	if b == ':' && c.nameSize > 0 {
		if c.nameSize <= longestFramingName {
			name := c.name[:c.nameSize]
			if kind := kindOf(name); kind != Other || foldEqual(name, "trailer") {
				return ErrTrailer
			}
		}
		c.state = trailerValue
		return nil
	}
	if characters[b]&tokenCharacter == 0 {
		return ErrTrailer
	}
	if c.nameSize < longestFramingName {
		c.name[c.nameSize] = b
	}
	c.nameSize++
	return nil
}
