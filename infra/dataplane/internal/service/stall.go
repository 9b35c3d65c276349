package service

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"meshmark/dataplane/internal/clock"
)

// longestStall bounds what a typing error can do to a run.
const longestStall = 10 * time.Minute

// stall answers POST /stall?ms=500: nothing is answered for that long from now.
func (s *service) stall(answer http.ResponseWriter, request *http.Request) {
	milliseconds, err := strconv.ParseFloat(request.URL.Query().Get("ms"), 64)
	if err != nil || !(milliseconds >= 0 && milliseconds <= float64(longestStall.Milliseconds())) {
		http.Error(answer, fmt.Sprintf("ms must lie between 0 and %d", longestStall.Milliseconds()), http.StatusBadRequest)
		return
	}
	s.stalledUntilNs.Store(clock.MonotonicNs() + int64(milliseconds*1e6))
	answer.WriteHeader(http.StatusNoContent)
}
