// Package timed answers questions about a process that take as long as the asker says: `GET /…?seconds=2`.
package timed

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	usualSeconds = 2
	// longestSeconds bounds what a typing error can do to a run.
	longestSeconds = 600
)

// Handler has take look for as long as is asked, and answers with what it found as JSON. An error that is one of refusals is
// answered with that status, any other with 500.
func Handler(take func(request *http.Request, duration time.Duration) (any, error), refusals map[error]int) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		seconds := float64(usualSeconds)
		if text := request.URL.Query().Get("seconds"); text != "" {
			var err error
			if seconds, err = strconv.ParseFloat(text, 64); err != nil || !(seconds > 0 && seconds <= longestSeconds) {
				http.Error(answer, fmt.Sprintf("seconds must lie above 0 and at most %d", longestSeconds), http.StatusBadRequest)
				return
			}
		}
		found, err := take(request, time.Duration(seconds*float64(time.Second)))
		if err != nil {
			http.Error(answer, err.Error(), statusOf(err, refusals))
			return
		}
		answer.Header().Set("Content-Type", "application/json")
		// An asker that has gone away is no fault of ours.
		_ = json.NewEncoder(answer).Encode(found)
	}
}

func statusOf(err error, refusals map[error]int) int {
	for refusal, status := range refusals {
		if errors.Is(err, refusal) {
			return status
		}
	}
	return http.StatusInternalServerError
}
