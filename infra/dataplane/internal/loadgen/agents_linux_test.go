package loadgen

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"meshmark/dataplane/internal/agent"
	"meshmark/dataplane/internal/processtest"
)

const agentToken = "what only the harness knows"

// startAgent answers in this process; the function ends it.
func startAgent(t *testing.T) (address string, end func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		agent.Serve(ctx, listener, agentToken)
	}()
	end = func() {
		cancel()
		<-ended
	}
	t.Cleanup(end)
	return listener.Addr().String(), end
}

// startRole is a service of a process of its own that has a role nobody else has.
func startRole(t *testing.T) (role string, server *processtest.Server) {
	t.Helper()
	role = fmt.Sprintf("service-%d-%s", os.Getpid(), t.Name())
	t.Setenv("MESHMARK_ROLE", role)
	return role, processtest.StartServer(t, "--response-bytes", "4096")
}

// targetsWithAgents says which targets there are, with the token of their agents.
func (s *session) targetsWithAgents(token string, specs ...targetSpec) map[string]any {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{"id": 1, "op": "targets", "targets": specs, "token": token})
	if err != nil {
		s.t.Fatal(err)
	}
	s.say(string(text))
	return s.event()
}

func edgesOf(event sliceEvent, role, agent string) *cpuEdges {
	for i := range event.CPU {
		if event.CPU[i].Role == role && event.CPU[i].Agent == agent {
			return &event.CPU[i]
		}
	}
	return nil
}

func TestAnAgentTellsOfTheSameCPUAsTheMachinesOwnClock(t *testing.T) {
	role, server := startRole(t)
	address, _ := startAgent(t)
	s := startSession(t)
	spec := targetAt(server.Address, 2, 2000)
	spec.Processes = []processSpec{{Role: role, PID: server.PID}}
	spec.Agents = []string{address}
	if done := s.targetsWithAgents(agentToken, spec); done["failed"] != nil {
		t.Fatalf("failed: %v", done["failed"])
	}
	slices := []sliceSpec{
		{Seq: 1, Target: "t", Model: modelClosed, Requests: 3000, WarmupRequests: 100},
		{Seq: 2, Target: "t", Model: modelClosed, DurationMs: 400, WarmupMs: 50},
		{Seq: 3, Target: "t", Model: modelOpen, RatePerSecond: 1000, Arrivals: arrivalsConst, DurationMs: 400, WarmupMs: 50},
	}
	for _, event := range s.run(slices...) {
		near, far := edgesOf(event, role, ""), edgesOf(event, role, address)
		if far == nil || far.WarmupStartNs == nil || far.StartNs == nil || far.EndNs == nil || near.EndNs == nil {
			t.Fatalf("slice %d: near %+v, far %+v", event.Seq, near, far)
		}
		if far.PID != server.PID {
			t.Errorf("slice %d: the agent saw pid %d, want %d", event.Seq, far.PID, server.PID)
		}
		// At the start of the later two requests are under way: what is used while the question travels is counted there.
		used, want := float64(*far.EndNs-*far.StartNs), float64(*near.EndNs-*near.StartNs)
		if off := used - want; off > 0.05*want+1e6 || off < -0.05*want-5e6 {
			t.Errorf("slice %d: %.2f ms by the agent, %.2f ms by the clock", event.Seq, used/1e6, want/1e6)
		}
	}
}

func TestAReadingHasTheAgentsProcessesItsClockAndItsCores(t *testing.T) {
	role, server := startRole(t)
	address, _ := startAgent(t)
	s := startSession(t)
	spec := targetAt(server.Address, 1, 2000)
	spec.Agents = []string{address}
	s.targetsWithAgents(agentToken, spec)
	s.say(`{"id":3,"op":"read"}`)
	if !s.events.Scan() {
		t.Fatal("no reading")
	}
	var reading readingEvent
	if err := json.Unmarshal(s.events.Bytes(), &reading); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, process := range reading.Processes {
		found = found || process.Role == role && process.Agent == address && process.Target == "t" && process.RSSBytes != nil
	}
	if !found {
		t.Errorf("no process of the agent's in %s", s.events.Text())
	}
	if len(reading.Agents) != 1 || len(reading.Agents[0].Cores) == 0 || len(reading.Agents[0].Processes) != 0 {
		t.Fatalf("agents are %+v", reading.Agents)
	}
	// Both clocks are this machine's.
	if own := reading.Agents[0]; own.UncertaintyMicros < 1 || max(own.OffsetMicros, -own.OffsetMicros) > own.UncertaintyMicros+1000 {
		t.Errorf("its clock is %d ± %d µs from ours", own.OffsetMicros, own.UncertaintyMicros)
	}
}

func TestATargetWhoseAgentCannotBeAskedHasFailed(t *testing.T) {
	_, server := startRole(t)
	address, _ := startAgent(t)
	for name, spec := range map[string]struct{ address, token, want string }{
		"a wrong token":      {address, "another", "the token is wrong"},
		"nobody who listens": {"127.0.0.1:1", agentToken, "connection refused"},
	} {
		s := startSession(t)
		target := targetAt(server.Address, 1, 2000)
		target.Agents = []string{spec.address}
		failed, _ := s.targetsWithAgents(spec.token, target)["failed"].(map[string]any)
		if said, _ := failed["t"].(string); !strings.Contains(said, spec.want) || !strings.Contains(said, spec.address) {
			t.Errorf("%s: failed %v", name, failed)
		}
	}
}

func TestASliceOutlivesItsAgentAndKnowsNoCPU(t *testing.T) {
	_, server := startRole(t)
	address, end := startAgent(t)
	s := startSession(t)
	spec := targetAt(server.Address, 1, 2000)
	spec.Agents = []string{address}
	s.targetsWithAgents(agentToken, spec)
	end()
	event := s.run(sliceSpec{Seq: 1, Target: "t", Model: modelClosed, Requests: 100})[0]
	if event.Failed != nil || event.Requests != 100 {
		t.Errorf("failed %v with %d requests", event.Failed, event.Requests)
	}
	for _, edges := range event.CPU {
		if edges.Agent != "" {
			t.Errorf("an agent that is gone told %+v", edges)
		}
	}
}
