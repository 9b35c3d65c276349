// Package rawwire is what the generator and the service say to each other without HTTP: lengths, and bytes.
//
// A request is its length in four bytes and so many bytes of any content. An answer is a head of 24 bytes, of which the
// first four are the length of what follows. Numbers are big-endian.
package rawwire

import (
	"encoding/binary"
	"errors"
)

const (
	// PrefixBytes are a request's length.
	PrefixBytes = 4
	// HeadBytes are an answer's length, its status and two times.
	HeadBytes = 24
	// Longest bounds what a request or an answer may hold.
	Longest = 1 << 30
)

// Status says whether an answer is one.
type Status uint32

const (
	// OK is an answer.
	OK Status = 0
	// Fault is in place of one, as a fault was asked for.
	Fault Status = 1
)

// Head begins an answer.
type Head struct {
	// Length is how many bytes follow.
	Length int
	Status Status
	// ReceivedNs and SentNs are readings of CLOCK_MONOTONIC: when the request's length had been read, and just before the
	// answer is written.
	ReceivedNs, SentNs int64
}

var errLength = errors.New("a length of more than 1 GiB")

// AppendRequest appends a request of that many bytes, the alphabet over and over.
func AppendRequest(to []byte, length int) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(length))
	for i := range length {
		to = append(to, 'a'+byte(i%26))
	}
	return to
}

// RequestLength reads the length of a request from its first four bytes.
func RequestLength(prefix []byte) (int, error) { return length(binary.BigEndian.Uint32(prefix)) }

// AppendHead appends the head of an answer.
func AppendHead(to []byte, head Head) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(head.Length))
	to = binary.BigEndian.AppendUint32(to, uint32(head.Status))
	to = binary.BigEndian.AppendUint64(to, uint64(head.ReceivedNs))
	return binary.BigEndian.AppendUint64(to, uint64(head.SentNs))
}

// ParseHead reads an answer's head from its first 24 bytes.
func ParseHead(head []byte) (Head, error) {
	size, err := length(binary.BigEndian.Uint32(head))
	return Head{
		Length: size, Status: Status(binary.BigEndian.Uint32(head[4:])),
		ReceivedNs: int64(binary.BigEndian.Uint64(head[8:])), SentNs: int64(binary.BigEndian.Uint64(head[16:])),
	}, err
}

func length(written uint32) (int, error) {
	if written > Longest {
		return 0, errLength
	}
	return int(written), nil
}
