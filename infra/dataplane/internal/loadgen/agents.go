package loadgen

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"meshmark/dataplane/internal/agent"
	shared "meshmark/dataplane/internal/clock"
)

const (
	// agentPatience is how long an agent may take for an answer.
	agentPatience = 2 * time.Second
	// clockQuestions are asked to see how far apart two clocks are; the quickest answer bounds it best.
	clockQuestions = 16
)

// agentConn is a connection to the agent of a pod, which reads the clocks of processes that this one cannot see.
type agentConn struct {
	address string
	token   string

	mu    sync.Mutex
	nc    net.Conn // nil while there is none.
	lines *bufio.Reader

	// Of the agent's clock against ours: how much later it is, and by how much that may be wrong either way.
	offsetMicros, uncertaintyMicros int64
}

func newAgentConn(address, token string) *agentConn {
	return &agentConn{address: address, token: token}
}

// ask asks and waits for the answer. After a failure the connection is made anew by the next question.
func (a *agentConn) ask(op string) (agent.Answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	got, err := a.exchange(op)
	if err != nil && a.nc != nil {
		a.nc.Close()
		a.nc = nil
	}
	return got, err
}

func (a *agentConn) exchange(op string) (agent.Answer, error) {
	question := agent.Question{Op: op}
	if a.nc == nil {
		nc, err := net.DialTimeout("tcp", a.address, agentPatience)
		if err != nil {
			return agent.Answer{}, err
		}
		a.nc, a.lines, question.Token = nc, bufio.NewReader(nc), a.token
	}
	_ = a.nc.SetDeadline(time.Now().Add(agentPatience))
	line, err := json.Marshal(question)
	if err != nil {
		return agent.Answer{}, err
	}
	if _, err := a.nc.Write(append(line, '\n')); err != nil {
		return agent.Answer{}, err
	}
	said, err := a.lines.ReadBytes('\n')
	if err != nil {
		return agent.Answer{}, err
	}
	var got agent.Answer
	if err := json.Unmarshal(said, &got); err != nil {
		return agent.Answer{}, err
	}
	if got.Error != "" {
		return agent.Answer{}, errors.New(got.Error)
	}
	return got, nil
}

// compareClocks takes the quickest of some answers: the agent's clock was read somewhere between question and answer
// (Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989).
func (a *agentConn) compareClocks() error {
	if _, err := a.ask("clock"); err != nil {
		return fmt.Errorf("agent %s: %w", a.address, err)
	}
	quickest := int64(-1)
	for range clockQuestions {
		before := shared.EpochMicros()
		got, err := a.ask("clock")
		after := shared.EpochMicros()
		if err != nil {
			return fmt.Errorf("agent %s: %w", a.address, err)
		}
		if took := after - before; quickest < 0 || took < quickest {
			quickest = took
			a.offsetMicros, a.uncertaintyMicros = got.AtMicros-(before+after)/2, (took+1)/2
		}
	}
	return nil
}

func (a *agentConn) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nc != nil {
		a.nc.Close()
		a.nc = nil
	}
}

// openAgents connects to the target's agents and compares clocks with each.
func (t *target) openAgents(addresses []string, token string) error {
	for _, address := range addresses {
		one := newAgentConn(address, token)
		t.agents = append(t.agents, one)
		if err := one.compareClocks(); err != nil {
			return err
		}
	}
	return nil
}

// agentEdges collects what the agents of a slice's target tell at its edges.
type agentEdges struct {
	asking sync.WaitGroup
	mu     sync.Mutex
	found  []cpuEdges
}

// read asks every agent, and waits for the answers where nothing is being sent.
func (e *agentEdges) read(agents []*agentConn, at edge, wait bool) {
	for _, one := range agents {
		e.asking.Go(func() {
			// What cannot be had stays nil, as the clock of a process that is gone does.
			if got, err := one.ask("cpu"); err == nil {
				e.keep(one.address, at, got.Processes)
			}
		})
	}
	if wait {
		e.asking.Wait()
	}
}

func (e *agentEdges) keep(address string, at edge, processes []agent.Process) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, process := range processes {
		e.of(address, process).set(at, process.CPUNs)
	}
}

// of is where a process's clocks are kept.
func (e *agentEdges) of(address string, process agent.Process) *cpuEdges {
	for i := range e.found {
		if e.found[i].Agent == address && e.found[i].PID == process.PID {
			return &e.found[i]
		}
	}
	e.found = append(e.found, cpuEdges{Role: process.Role, PID: process.PID, Agent: address})
	return &e.found[len(e.found)-1]
}

// told waits for every answer that is on its way.
func (e *agentEdges) told() []cpuEdges {
	e.asking.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.found
}

// agentReading is an agent's clock, and the cores of its node.
type agentReading struct {
	Address           string `json:"address"`
	OffsetMicros      int64  `json:"offsetMicros"`
	UncertaintyMicros int64  `json:"uncertaintyMicros"`
	agent.Answer
	// Processes are among the reading's own.
	Processes []agent.Process `json:"processes,omitempty"`
}

// readAgents adds what the agents of the targets tell to a reading. An agent that cannot be asked is left out.
func (e *engine) readAgents(event *readingEvent) {
	for _, t := range e.targets {
		for _, one := range t.agents {
			got, err := one.ask("read")
			if err != nil {
				continue
			}
			for _, process := range got.Processes {
				event.Processes = append(event.Processes, processReading{
					Target: t.id, Role: process.Role, PID: process.PID, Agent: one.address, Reading: process.Reading,
				})
			}
			got.Processes = nil
			event.Agents = append(event.Agents, agentReading{
				Address: one.address, OffsetMicros: one.offsetMicros, UncertaintyMicros: one.uncertaintyMicros, Answer: got,
			})
		}
	}
}
