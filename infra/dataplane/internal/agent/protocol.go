package agent

import (
	"meshmark/dataplane/internal/about"
	"meshmark/dataplane/internal/oscpu"
)

// Question is one line from whoever asks. The first line of a connection has the token and may ask as well.
type Question struct {
	Token string `json:"token,omitempty"`
	// Op is `cpu`, the clocks alone, for the edges of slices; `read`, all that can be read; `clock`, the time alone;
	// `about`, the clocks and what the machine is; or `connect`, whether the pod may connect to Address.
	Op      string `json:"op"`
	Address string `json:"address,omitempty"`
	// Programs are looked for in the agent's own image, by path or by name on its PATH, when Op is `about`.
	Programs []string `json:"programs,omitempty"`
}

// Answer is one line. AtMicros is the agent's time of day, which goes on by the monotonic clock, when the question had
// come; by it and the time that question and answer took, the asker bounds how far apart the two clocks are.
type Answer struct {
	AtMicros int64 `json:"atMicros"`
	// Processes of the pod that have a role, by pid; absent from the answer to `clock`.
	Processes []Process `json:"processes,omitempty"`
	// Cores of the whole node; only in the answer to `read`.
	Cores []oscpu.Core `json:"cores,omitempty"`
	// About is the machine; only in the answer to `about`.
	About *about.Machine `json:"about,omitempty"`
	// Missing are the programs of the question that are not in the image; only in the answer to `about`.
	Missing []string `json:"missing,omitempty"`
	// Connected is how the attempt went; only in the answer to `connect`.
	Connected string `json:"connected,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Process is one with a role, and what was asked of it.
type Process struct {
	Role string `json:"role"`
	PID  int    `json:"pid"`
	oscpu.Reading
}
