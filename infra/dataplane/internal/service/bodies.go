package service

import (
	"io"
	"time"
)

// Pattern is the body of an answer of that size: the alphabet over and over.
func Pattern(size int) []byte {
	body := make([]byte, size)
	for index := range body {
		body[index] = 'a' + byte(index%26)
	}
	return body
}

// bodyOf is what a request is answered with.
func (s *service) bodyOf(r request) []byte { return s.body[:s.size(r.serial)] }

func (s *service) size(serial uint64) int {
	least, most := s.options.ResponseBytes, s.options.ResponseBytesMax
	if most <= least {
		return least
	}
	return least + int(s.uniform(2*serial+1)*float64(most-least+1))
}

// uniform is a number in [0, 1) that depends on the seed and n alone, so that requests share no generator and no lock.
// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 17).
func (s *service) uniform(n uint64) float64 {
	z := (s.options.Seed<<32 + n) * 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) / (1 << 53)
}

// pieces cut a body into as many parts as there are, each at least as long as those after it, with a pause before each
// but the first.
type pieces struct {
	rest     []byte
	left     int
	interval time.Duration
	begun    bool
}

func (s *service) piecesOf(body []byte) *pieces {
	return &pieces{rest: body, left: s.options.StreamChunks, interval: s.options.StreamInterval}
}

// next waits until the next piece is due and returns it, or nil after the last.
func (p *pieces) next() []byte {
	if p.left == 0 {
		return nil
	}
	if p.begun && p.interval > 0 {
		time.Sleep(p.interval)
	}
	p.begun = true
	size := (len(p.rest) + p.left - 1) / p.left
	piece := p.rest[:size]
	p.rest, p.left = p.rest[size:], p.left-1
	return piece
}

// pieceReader has each Read return bytes of one piece only, for a writer that flushes what each Read returned.
type pieceReader struct {
	pieces *pieces
	piece  []byte
}

func (r *pieceReader) Read(to []byte) (int, error) {
	if len(r.piece) == 0 {
		r.piece = r.pieces.next()
		if r.piece == nil {
			return 0, io.EOF
		}
	}
	n := copy(to, r.piece)
	r.piece = r.piece[n:]
	return n, nil
}
