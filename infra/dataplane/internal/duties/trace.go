package duties

import "math/rand/v2"

// A traceparent is version-traceid-parentid-flags in lower-case hexadecimal digits (W3C Trace Context, section 3.2).
const (
	traceparentLength = 55
	traceIDAt         = 3
	traceIDEnd        = 35
	parentIDAt        = 36
	parentIDEnd       = 52
	flagsAt           = 53
)

// KeepsTrace says whether a traceparent is valid, so that the request goes on in that trace and its tracestate with it.
func KeepsTrace[text string | []byte](given text) bool {
	if len(given) < traceparentLength {
		return false
	}
	for index := range traceparentLength {
		switch index {
		case traceIDAt - 1, parentIDAt - 1, flagsAt - 1:
			if given[index] != '-' {
				return false
			}
		default:
			if !lowerHex(given[index]) {
				return false
			}
		}
	}
	switch {
	case given[0] == 'f' && given[1] == 'f':
		return false
	case given[0] == '0' && given[1] == '0' && len(given) != traceparentLength:
		return false
	// A later version may have more fields, of which nothing is known but that a dash begins them.
	case len(given) > traceparentLength && given[traceparentLength] != '-':
		return false
	}
	return !zeros(given[traceIDAt:traceIDEnd]) && !zeros(given[parentIDAt:parentIDEnd])
}

// appendTraceparent appends version 00 with a new parent id, as this hop is the parent of what follows. Of the flags
// it keeps those that version 00 knows: sampled, and that the trace id is random. A trace that begins here is not
// sampled, as a mesh samples one request in a hundred, and its id is random.
func appendTraceparent[text string | []byte](dst []byte, given text) []byte {
	dst = append(dst, "00-"...)
	flags := byte(0b10)
	if KeepsTrace(given) {
		dst = append(dst, given[traceIDAt:traceIDEnd]...)
		flags = hexValue(given[flagsAt+1]) & 0b11
	} else {
		dst = appendHex(dst, nonZero(), 16)
		dst = appendHex(dst, rand.Uint64(), 16)
	}
	dst = append(dst, '-')
	dst = appendHex(dst, nonZero(), 16)
	dst = append(dst, '-')
	return appendHex(dst, uint64(flags), 2)
}

func nonZero() uint64 {
	for {
		if value := rand.Uint64(); value != 0 {
			return value
		}
	}
}

func lowerHex(digit byte) bool { return digit >= '0' && digit <= '9' || digit >= 'a' && digit <= 'f' }

func hexValue(digit byte) byte {
	if digit >= 'a' {
		return digit - 'a' + 10
	}
	return digit - '0'
}

func zeros[text string | []byte](digits text) bool {
	for index := range len(digits) {
		if digits[index] != '0' {
			return false
		}
	}
	return true
}
