package loadgen

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"meshmark/dataplane/internal/identity"
	"meshmark/dataplane/internal/oscpu"
)

const (
	modelClosed     = "closed"
	modelOpen       = "open"
	arrivalsPoisson = "poisson"
	arrivalsConst   = "constant"
	arrivalsBursts  = "bursts"
	arrivalsRamp    = "ramp"

	protocolHTTP1 = "http1"
	protocolH2    = "h2"
	protocolH3    = "h3"
	protocolGRPC  = "grpc"
	protocolRaw   = "raw"

	roleGenerator = "generator"
)

const (
	// maxScheduled bounds one open slice's schedule (8 bytes each).
	maxScheduled = 50_000_000
	// mostIdle bounds the idle connections of one target.
	mostIdle = 20_000
)

type command struct {
	ID      int64        `json:"id"`
	Op      string       `json:"op"`
	Targets []targetSpec `json:"targets"`
	// Bodies are what the requests of the targets' mixes carry, in base64.
	Bodies []string `json:"bodies"`
	// Token is what the targets' agents want to hear.
	Token  string      `json:"token"`
	Slices []sliceSpec `json:"slices"`

	// generation is the number of stops that had been asked for when the command came.
	generation int64
	bodies     [][]byte
	// refusal is why it could not be understood.
	refusal error
}

type processSpec struct {
	Role string `json:"role"`
	PID  int    `json:"pid"`
}

type targetSpec struct {
	ID          string            `json:"id"`
	Address     string            `json:"address"`
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Headers     map[string]string `json:"headers"`
	BodyBase64  string            `json:"bodyBase64"`
	Connections int               `json:"connections"`
	TimeoutMs   float64           `json:"timeoutMs"`
	Processes   []processSpec     `json:"processes"`
	// Agents are the addresses of those that read the clocks of processes elsewhere.
	Agents []string `json:"agents,omitempty"`

	Protocol             string `json:"protocol,omitempty"`
	GRPCMethod           string `json:"grpcMethod,omitempty"`
	ConnectionPerRequest bool   `json:"connectionPerRequest,omitempty"`
	IdleConnections      int    `json:"idleConnections,omitempty"`
	// Files are the identity of the client, for h3.
	identity.Files
	// RequestBytes are what each request holds over raw.
	RequestBytes int `json:"requestBytes,omitempty"`
	// SlowConnections of the connections read answers at no more than SlowReadBytesPerSecond each.
	SlowConnections        int     `json:"slowConnections,omitempty"`
	SlowReadBytesPerSecond float64 `json:"slowReadBytesPerSecond,omitempty"`

	// Requests are a mix of requests in place of the one that Method, Path, Headers and BodyBase64 make.
	Requests []requestSpec `json:"requests,omitempty"`
}

type sliceSpec struct {
	Seq            int64   `json:"seq"`
	Target         string  `json:"target"`
	Model          string  `json:"model"`
	Requests       int64   `json:"requests"`
	WarmupRequests int64   `json:"warmupRequests"`
	DurationMs     float64 `json:"durationMs"`
	WarmupMs       float64 `json:"warmupMs"`
	RatePerSecond  float64 `json:"ratePerSecond"`
	Arrivals       string  `json:"arrivals"`
	Burst          int     `json:"burst,omitempty"`
	// FromRatePerSecond is where a ramp begins; it ends at RatePerSecond.
	FromRatePerSecond float64 `json:"fromRatePerSecond,omitempty"`
	// ThinkMs is how long a connection of a closed slice of some duration rests after its answer.
	ThinkMs float64 `json:"thinkMs,omitempty"`
	Seed    uint64  `json:"seed"`
	// KeepSends is of how many requests the send times are told.
	KeepSends int `json:"keepSends,omitempty"`
	// StartAtMicros is when its warm-up begins, by the engine's own time of day; at once where it is 0.
	StartAtMicros int64 `json:"startAtMicros,omitempty"`
	// Share is this engine's of a slice that several make together; nil where it makes it alone.
	Share *share `json:"share,omitempty"`
}

// parseCommand reads one line. A command that cannot be understood comes back with its id, where it has one, and the
// refusal.
func parseCommand(line []byte) command {
	var cmd command
	if err := json.Unmarshal(line, &cmd); err != nil {
		cmd.refusal = fmt.Errorf("not a command: %w", err)
		return cmd
	}
	switch cmd.Op {
	case "targets":
		cmd.bodies, cmd.refusal = decodeBodies(cmd.Bodies)
		cmd.Bodies = nil
		if cmd.refusal == nil {
			cmd.refusal = checkTargets(cmd.Targets, len(cmd.bodies))
		}
	case "slices":
		for _, slice := range cmd.Slices {
			if err := slice.check(); err != nil {
				cmd.refusal = fmt.Errorf("slice %d: %w", slice.Seq, err)
				break
			}
		}
	case "read", "stop", "clock":
	default:
		cmd.refusal = fmt.Errorf("unknown op %q", cmd.Op)
	}
	return cmd
}

func checkTargets(targets []targetSpec, bodies int) error {
	seen := make(map[string]bool)
	for _, target := range targets {
		switch {
		case target.ID == "":
			return errors.New("a target has no id")
		case seen[target.ID]:
			return fmt.Errorf("target %q is listed twice", target.ID)
		case target.Connections < 1:
			return fmt.Errorf("target %q: connections must be at least 1", target.ID)
		case !(target.TimeoutMs > 0):
			return fmt.Errorf("target %q: timeoutMs must be above 0", target.ID)
		case target.IdleConnections < 0 || target.IdleConnections > mostIdle:
			return fmt.Errorf("target %q: idleConnections must lie between 0 and %d", target.ID, mostIdle)
		}
		if err := target.checkProtocol(); err != nil {
			return fmt.Errorf("target %q: %w", target.ID, err)
		}
		if err := checkRaw(target); err != nil {
			return fmt.Errorf("target %q: %w", target.ID, err)
		}
		if err := checkSlow(target); err != nil {
			return fmt.Errorf("target %q: %w", target.ID, err)
		}
		if err := checkMix(target, bodies); err != nil {
			return fmt.Errorf("target %q: %w", target.ID, err)
		}
		if _, err := base64.StdEncoding.DecodeString(target.BodyBase64); err != nil {
			return fmt.Errorf("target %q: bodyBase64: %w", target.ID, err)
		}
		seen[target.ID] = true
	}
	return nil
}

func (t targetSpec) speaksH2() bool { return t.Protocol == protocolH2 || t.Protocol == protocolGRPC }

func (t targetSpec) checkProtocol() error {
	switch t.Protocol {
	case "", protocolHTTP1, protocolRaw:
		return nil
	case protocolH2, protocolGRPC:
		return checkH2Fields(t)
	case protocolH3:
		return checkH3(t)
	}
	return fmt.Errorf("protocol is %q, %q, %q, %q or %q, not %q", protocolHTTP1, protocolH2, protocolH3, protocolGRPC, protocolRaw, t.Protocol)
}

func (s sliceSpec) check() error {
	if s.KeepSends < 0 || s.KeepSends > maxScheduled {
		return fmt.Errorf("keepSends must lie between 0 and %d", maxScheduled)
	}
	if err := s.Share.check(); err != nil {
		return err
	}
	if s.Requests < 0 || s.WarmupRequests < 0 || s.DurationMs < 0 || s.WarmupMs < 0 {
		return errors.New("a length is negative")
	}
	switch s.Model {
	case modelClosed:
		if s.ThinkMs < 0 || (s.ThinkMs > 0 && s.Requests > 0) {
			return errors.New("thinkMs must not be negative, and needs durationMs")
		}
		if (s.Requests > 0) == (s.DurationMs > 0) {
			return errors.New("a closed slice has either requests or durationMs")
		}
	case modelOpen:
		if !(s.RatePerSecond > 0) || math.IsInf(s.RatePerSecond, 0) || !(s.DurationMs > 0) {
			return errors.New("an open slice needs ratePerSecond and durationMs above 0")
		}
		switch s.Arrivals {
		case arrivalsConst, arrivalsPoisson:
		case arrivalsRamp:
			if !(s.FromRatePerSecond > 0) || math.IsInf(s.FromRatePerSecond, 0) {
				return errors.New("a ramp needs fromRatePerSecond above 0")
			}
		case arrivalsBursts:
			if s.Burst < 1 || s.Burst > maxScheduled {
				return fmt.Errorf("burst must lie between 1 and %d", maxScheduled)
			}
		default:
			return fmt.Errorf("arrivals are %q, %q, %q or %q, not %q", arrivalsConst, arrivalsPoisson, arrivalsBursts, arrivalsRamp, s.Arrivals)
		}
		if max(s.RatePerSecond, s.FromRatePerSecond)*(s.DurationMs+s.WarmupMs)/1000 > maxScheduled {
			return fmt.Errorf("more than %d requests in one open slice", maxScheduled)
		}
	default:
		return fmt.Errorf("model is %q or %q, not %q", modelClosed, modelOpen, s.Model)
	}
	return nil
}

type readyEvent struct {
	Event     string `json:"event"`
	PID       int    `json:"pid"`
	GoVersion string `json:"goVersion"`
	CPUClock  string `json:"cpuClock"`
}

// clockEvent is the engine's own time of day, told as soon as it was asked for.
type clockEvent struct {
	Event    string `json:"event"`
	ID       int64  `json:"id"`
	AtMicros int64  `json:"atMicros"`
}

type doneEvent struct {
	Event  string            `json:"event"`
	ID     int64             `json:"id"`
	Failed map[string]string `json:"failed,omitempty"`
}

type errorEvent struct {
	Event   string `json:"event"`
	ID      int64  `json:"id"`
	Message string `json:"message"`
}

type errorCounts struct {
	Connect  int64 `json:"connect"`
	Reset    int64 `json:"reset"`
	Timeout  int64 `json:"timeout"`
	Status   int64 `json:"status"`
	Protocol int64 `json:"protocol"`
}

// cpuEdges are one process's CPU clock at a slice's three edges; nil where it could not be read.
type cpuEdges struct {
	Role string `json:"role"`
	PID  int    `json:"pid"`
	// Agent is the address of the one that read them; empty for processes of this machine.
	Agent         string `json:"agent,omitempty"`
	WarmupStartNs *int64 `json:"warmupStartNs"`
	StartNs       *int64 `json:"startNs"`
	EndNs         *int64 `json:"endNs"`
}

func (c *cpuEdges) set(at edge, ns *int64) {
	switch at {
	case edgeWarmup:
		c.WarmupStartNs = ns
	case edgeStart:
		c.StartNs = ns
	case edgeEnd:
		c.EndNs = ns
	}
}

type generatorUse struct {
	CPUNs           *int64 `json:"cpuNs"`
	GCCycles        int64  `json:"gcCycles"`
	ConnectionWaits int64  `json:"connectionWaits"`
	// PortsExhausted counts attempts to connect for which no local port was free.
	PortsExhausted int64 `json:"portsExhausted"`
}

type sliceEvent struct {
	Event                string       `json:"event"`
	ID                   int64        `json:"id"`
	Seq                  int64        `json:"seq"`
	Target               string       `json:"target"`
	StartedAtMicros      int64        `json:"startedAtMicros"`
	EndedAtMicros        int64        `json:"endedAtMicros"`
	WarmupRequests       int64        `json:"warmupRequests"`
	Requests             int64        `json:"requests"`
	Errors               errorCounts  `json:"errors"`
	BytesReceived        int64        `json:"bytesReceived"`
	OfferedRatePerSecond *float64     `json:"offeredRatePerSecond"`
	Latency              *string      `json:"latency"`
	SendLatency          *string      `json:"sendLatency"`
	SendLag              *string      `json:"sendLag"`
	BeyondResidence      *string      `json:"beyondResidence"`
	CPU                  []cpuEdges   `json:"cpu"`
	Generator            generatorUse `json:"generator"`
	Slow                 *slowCounts  `json:"slow,omitempty"`
	Tail                 *tailEvent   `json:"tail,omitempty"`
	// SentAtNs are readings of one monotonic clock, in the order in which the requests ended.
	SentAtNs []int64 `json:"sentAtNs,omitempty"`
	// LateMicros is how long after StartAtMicros the slice really began, where its order names that.
	LateMicros *int64  `json:"lateMicros,omitempty"`
	Failed     *string `json:"failed"`
}

type processReading struct {
	Target string `json:"target"`
	Role   string `json:"role"`
	PID    int    `json:"pid"`
	// Agent is the address of the one that read it; empty for a process of this machine.
	Agent string `json:"agent,omitempty"`
	oscpu.Reading
}

type readingEvent struct {
	Event    string `json:"event"`
	ID       int64  `json:"id"`
	AtMicros int64  `json:"atMicros"`
	// WallMicros is the time of day by the machine's own clock, which may be set while atMicros goes on.
	WallMicros int64            `json:"wallMicros"`
	Processes  []processReading `json:"processes"`
	Cores      []oscpu.Core     `json:"cores"`
	// Agents are those of the targets, where they have any.
	Agents []agentReading `json:"agents,omitempty"`
}

func readProcess(target string, process processSpec) processReading {
	return processReading{Target: target, Role: process.Role, PID: process.PID, Reading: oscpu.Read(process.PID)}
}
