package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Schema names the form of an answer.
const Schema = "meshmark.stacks/1"

// Answer is what GET /stacks answers.
type Answer struct {
	Schema string `json:"schema"`
	Role   string `json:"role"`
	PID    int    `json:"pid"`
	Profile
}

const (
	usualSeconds = 2
	// longestSeconds bounds what a typing error can do to a run.
	longestSeconds = 600
)

// Handler answers GET /stacks?kind=cpu&seconds=2 after that long. A second asker meanwhile is refused with 409.
func Handler(role string) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		seconds := float64(usualSeconds)
		if text := query.Get("seconds"); text != "" {
			var err error
			if seconds, err = strconv.ParseFloat(text, 64); err != nil || !(seconds > 0 && seconds <= longestSeconds) {
				http.Error(answer, fmt.Sprintf("seconds must lie above 0 and at most %d", longestSeconds), http.StatusBadRequest)
				return
			}
		}
		found, err := Take(request.Context(), Kind(query.Get("kind")), time.Duration(seconds*float64(time.Second)))
		switch {
		case errors.Is(err, ErrUnknownKind):
			http.Error(answer, err.Error(), http.StatusBadRequest)
		case errors.Is(err, ErrBusy):
			http.Error(answer, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(answer, err.Error(), http.StatusInternalServerError)
		default:
			answer.Header().Set("Content-Type", "application/json")
			// An asker that has gone away is no fault of ours.
			_ = json.NewEncoder(answer).Encode(Answer{Schema, role, os.Getpid(), found})
		}
	}
}
