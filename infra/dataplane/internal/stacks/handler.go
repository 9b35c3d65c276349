package stacks

import (
	"net/http"
	"os"
	"time"

	"meshmark/dataplane/internal/timed"
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

// Handler answers GET /stacks?kind=cpu&seconds=2 after that long. A second asker meanwhile is refused with 409.
func Handler(role string) http.HandlerFunc {
	return timed.Handler(func(request *http.Request, duration time.Duration) (any, error) {
		found, err := Take(request.Context(), Kind(request.URL.Query().Get("kind")), duration)
		return Answer{Schema, role, os.Getpid(), found}, err
	}, map[error]int{ErrBusy: http.StatusConflict, ErrUnknownKind: http.StatusBadRequest})
}
