// Package admin answers questions about a running server on a port of its own: what the Go runtime did, and the
// witness counters of the mechanisms in it.
//
//	counters := &admin.Counters{}
//	handler := admin.Handler("outbound", counters)
//	go http.Serve(listener, handler)     // GET /snapshot
//
// A snapshot costs its process some tens of microseconds of CPU (go test -bench Snapshot), so it is taken at the
// edges of what is measured, never within.
package admin

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"

	"meshmark/dataplane/internal/clock"
)

// Schema names the form of a snapshot.
const Schema = "meshmark.admin/1"

// Snapshot is the answer of GET /snapshot.
type Snapshot struct {
	Schema    string          `json:"schema"`
	Role      string          `json:"role"`
	PID       int             `json:"pid"`
	GoVersion string          `json:"goVersion"`
	AtMicros  int64           `json:"atMicros"`
	Runtime   RuntimeSnapshot `json:"runtime"`
	Witness   Witness         `json:"witness"`
}

// Handler serves GET /snapshot for a server of that role.
func Handler(role string, counters *Counters) *http.ServeMux {
	reader := newRuntimeReader()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /snapshot", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		// An asker that has gone away is no fault of ours.
		_ = json.NewEncoder(answer).Encode(Snapshot{
			Schema:    Schema,
			Role:      role,
			PID:       os.Getpid(),
			GoVersion: runtime.Version(),
			AtMicros:  clock.EpochMicros(),
			Runtime:   reader.read(),
			Witness:   counters.Read(),
		})
	})
	// A CPU profile costs what it measures about 1 %, so that whoever takes one takes no other figure at the time.
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return mux
}
