package message

import "encoding/binary"

const (
	tokenCharacter = 1 << iota
	valueCharacter
	targetCharacter
	hostCharacter
	hexDigit
)

// characters says of each byte where it may stand (RFC 9110, 5.5 and 5.6.2; RFC 3986 for targets and hosts).
var characters = func() (table [256]uint8) {
	for c := range 256 {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := '0' <= c && c <= '9'
		if letter || digit {
			table[c] |= tokenCharacter | hostCharacter
		}
		if digit || ('a' <= c|0x20 && c|0x20 <= 'f') {
			table[c] |= hexDigit
		}
		if c == '\t' || (c >= 0x20 && c != 0x7f) {
			table[c] |= valueCharacter
		}
		if c > 0x20 && c < 0x7f {
			table[c] |= targetCharacter
		}
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		table[c] |= tokenCharacter
	}
	for _, c := range "-._~:[]" {
		table[c] |= hostCharacter
	}
	return table
}()

func all(text []byte, class uint8) bool {
	for _, c := range text {
		if characters[c]&class == 0 {
			return false
		}
	}
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// validValue is all(text, valueCharacter) for eight bytes at a time: values are most of a head.
func validValue(text []byte) bool {
	for len(text) >= 8 {
		word := binary.LittleEndian.Uint64(text)
		control := (word - 0x20*ones) & ^word // The high bit is set in the first byte below 0x20, and perhaps in later ones.
		deletes := word ^ 0x7f*ones
		deletes = (deletes - ones) & ^deletes
		if (control|deletes)&highs != 0 && !all(text[:8], valueCharacter) {
			return false
		}
		text = text[8:]
	}
	return all(text, valueCharacter)
}

// foldEqual compares with a name in lower case, which has letters, digits and hyphens only.
func foldEqual(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// trim takes spaces and tabs off both ends.
func trim(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
		text = text[1:]
	}
	for len(text) > 0 && (text[len(text)-1] == ' ' || text[len(text)-1] == '\t') {
		text = text[:len(text)-1]
	}
	return text
}

// nextItem takes the next item off a list with commas. A list ends with an empty rest; empty items are possible.
func nextItem(list []byte) (item, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:]
		}
	}
	return trim(list), nil
}
