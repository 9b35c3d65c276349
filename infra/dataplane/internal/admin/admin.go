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
	"meshmark/dataplane/internal/cpushares"
	"meshmark/dataplane/internal/stacks"
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

// Handler serves GET /snapshot for a server of that role, and what a profile of it is to be asked for.
func Handler(role string, counters *Counters) *http.ServeMux {
	return HandlerOf(role, func() any { return counters.Read() })
}

// HandlerOf is Handler for a process whose witnesses are others than a server's: what witness returns is shown as it is,
// and has to be an object of numbers.
func HandlerOf(role string, witness func() any) *http.ServeMux {
	reader := newRuntimeReader()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /snapshot", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		// An asker that has gone away is no fault of ours.
		_ = json.NewEncoder(answer).Encode(struct {
			Snapshot
			Witness any `json:"witness"`
		}{
			Snapshot{
				Schema:    Schema,
				Role:      role,
				PID:       os.Getpid(),
				GoVersion: runtime.Version(),
				AtMicros:  clock.EpochMicros(),
				Runtime:   reader.read(),
			},
			witness(),
		})
	})
	// A CPU profile costs what it measures about 1 %, so that whoever takes one takes no other figure at the time.
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /cpu-shares", cpushares.Handler(role))
	mux.HandleFunc("GET /stacks", stacks.Handler(role))
	return mux
}
