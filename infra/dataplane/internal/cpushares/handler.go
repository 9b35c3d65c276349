package cpushares

import (
	"net/http"
	"os"
	"time"

	"meshmark/dataplane/internal/timed"
)

// Schema names the form of an answer.
const Schema = "meshmark.cpu-shares/1"

// Answer is what GET /cpu-shares answers.
type Answer struct {
	Schema string `json:"schema"`
	Role   string `json:"role"`
	PID    int    `json:"pid"`
	Shares
}

// Handler answers GET /cpu-shares?seconds=2 after that long. A second asker meanwhile is refused with 409, since a
// process has one profiler.
func Handler(role string) http.HandlerFunc {
	return timed.Handler(func(request *http.Request, duration time.Duration) (any, error) {
		shares, err := Take(request.Context(), duration)
		return Answer{Schema, role, os.Getpid(), shares}, err
	}, map[error]int{ErrBusy: http.StatusConflict})
}
