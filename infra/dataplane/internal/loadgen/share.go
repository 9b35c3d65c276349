package loadgen

import (
	"fmt"
	"math/rand/v2"
)

// sharingStream separates who sends a request from when it is due: both are drawn from the slice's seed.
const sharingStream = 0x73686172_696e6721

// mostSharing bounds the generators that make one slice together.
const mostSharing = 10_000

// share says which of the generators that make one slice together this one is.
type share struct {
	// Place is this one's, from 0, of Of.
	Place int `json:"place"`
	Of    int `json:"of"`
}

func (s *share) check() error {
	if s != nil && (s.Of < 1 || s.Of > mostSharing || s.Place < 0 || s.Place >= s.Of) {
		return fmt.Errorf("share %d of %d is none", s.Place, s.Of)
	}
	return nil
}

// seed is what a generator draws its requests of a mix by, so that no two draw the same ones.
func (s *share) seed(seed uint64) uint64 {
	if s == nil {
		return seed
	}
	return seed + uint64(s.Place)*0x9e3779b97f4a7c15
}

// rate is this generator's part of a rate.
func (s *share) rate(perSecond float64) float64 {
	if s == nil {
		return perSecond
	}
	return perSecond / float64(s.Of)
}

// keep leaves of the schedule that all generators make together, which each of them works out, this one's own requests: put
// together they are that schedule exactly. Of Poisson arrivals each goes to one that is drawn for it, which makes independent
// Poisson streams of them (Kingman, "Poisson Processes", 1993, colouring theorem), so that clocks that differ do no harm. All
// others take turns.
func (s *share) keep(schedule []int64, spec sliceSpec) []int64 {
	if s == nil || s.Of == 1 {
		return schedule
	}
	random := rand.New(rand.NewPCG(spec.Seed, sharingStream))
	own := schedule[:0]
	for i, at := range schedule {
		turn := i % s.Of
		if spec.Arrivals == arrivalsPoisson {
			turn = random.IntN(s.Of)
		}
		if turn == s.Place {
			own = append(own, at)
		}
	}
	return own
}
