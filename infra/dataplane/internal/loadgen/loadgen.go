package loadgen

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"meshmark/dataplane/internal/oscpu"
	"meshmark/dataplane/internal/reattach"
)

const (
	// collectAbove is how much the heap may grow between slices before it is collected there.
	collectAbove = 48 << 20
	// memoryLimit is the safety net under collections that are otherwise off.
	memoryLimit = 2 << 30
	// filesSpare are open besides connections.
	filesSpare = 64
	// longestCommand bounds a line on stdin.
	longestCommand = 256 << 20
)

// Main runs the engine until its commands end and returns the process's exit code. Commands come on stdin, or with --serve
// from whoever connects.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("loadgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	serve := flags.String("serve", "", "`host:port` to take commands on, in place of stdin")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "loadgen: takes no arguments, but got %q; commands come on stdin\n", flags.Args())
		return 2
	}
	if *serve == "" {
		return converse(stdin, stdout, stderr)
	}
	listener, err := net.Listen("tcp", *serve)
	if err != nil {
		fmt.Fprintf(stderr, "loadgen: %v\n", err)
		return 1
	}
	return reattach.Serve(listener, reattach.Patience, func(stdin io.Reader, stdout io.Writer) int {
		return converse(stdin, stdout, stderr)
	})
}

func converse(stdin io.Reader, stdout, stderr io.Writer) int {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processorsFor()))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))

	raiseFileLimit()
	e := &engine{clk: newClock(), stdout: stdout}
	_, e.collectedAt = readGauges()
	cpuClock := "none"
	if oscpu.Supported() {
		cpuClock = "process"
	}
	e.emit(readyEvent{Event: "ready", PID: os.Getpid(), GoVersion: runtime.Version(), CPUClock: cpuClock})

	commands := make(chan command, 64)
	ended := make(chan struct{})
	var inputFault error
	go func() {
		defer close(commands)
		inputFault = e.readCommands(stdin, commands)
		e.end()
		close(ended)
	}()
	for cmd := range commands {
		if e.isEnded() {
			continue
		}
		e.obey(cmd)
	}
	<-ended
	for _, t := range e.targets {
		t.closeAll()
	}
	if inputFault != nil {
		fmt.Fprintf(stderr, "loadgen: reading commands: %v\n", inputFault)
		return 1
	}
	return 0
}

// engine holds the targets and runs one command at a time.
type engine struct {
	clk     clock
	stdout  io.Writer
	targets []*target
	rec     recorder
	encoder histogramEncoder

	collectedAt uint64 // Bytes of heap after the last collection.

	stops   atomic.Int64 // Stops asked for so far.
	mu      sync.Mutex
	current *run
	dialing context.CancelFunc
	over    bool // stdin has ended.
}

// emit writes one event with one write.
func (e *engine) emit(event any) {
	line, err := json.Marshal(event)
	if err != nil {
		panic(fmt.Sprintf("loadgen: an event of ours is no JSON: %v", err)) // Our own fault: every field is plain data.
	}
	// A reader that is gone shows as the end of stdin.
	_, _ = e.stdout.Write(append(line, '\n'))
}

// readCommands hands over the commands as they come. A stop acts at once, ahead of what is queued, and so is the clock told.
func (e *engine) readCommands(stdin io.Reader, to chan<- command) error {
	lines := bufio.NewScanner(stdin)
	lines.Buffer(make([]byte, 64<<10), longestCommand)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		cmd := parseCommand(lines.Bytes())
		if cmd.refusal == nil && cmd.Op == "stop" {
			e.stop()
			continue
		}
		if cmd.refusal == nil && cmd.Op == "clock" {
			e.emit(clockEvent{Event: "clock", ID: cmd.ID, AtMicros: e.clk.unixMicros(e.clk.now())})
			continue
		}
		cmd.generation = e.stops.Load()
		to <- cmd
	}
	return lines.Err()
}

func (e *engine) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stops.Add(1)
	if e.current != nil {
		e.current.abort("stopped")
	}
}

// end breaks off whatever is being done, because nobody listens any more.
func (e *engine) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	e.stops.Add(1)
	if e.current != nil {
		e.current.abort("stopped")
	}
	if e.dialing != nil {
		e.dialing()
	}
}

func (e *engine) isEnded() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.over
}

func (e *engine) obey(cmd command) {
	if cmd.refusal != nil {
		e.emit(errorEvent{Event: "error", ID: cmd.ID, Message: cmd.refusal.Error()})
		return
	}
	switch cmd.Op {
	case "targets":
		e.emit(doneEvent{Event: "done", ID: cmd.ID, Failed: e.setTargets(cmd)})
	case "slices":
		for _, spec := range cmd.Slices {
			if !e.runSlice(cmd, spec) {
				break
			}
		}
		e.emit(doneEvent{Event: "done", ID: cmd.ID})
	case "read":
		e.emit(e.read(cmd.ID))
	}
}

func (e *engine) setTargets(cmd command) map[string]string {
	specs, bodies := cmd.Targets, cmd.bodies
	for _, t := range e.targets {
		t.closeAll()
	}
	e.targets = nil
	wanted := filesSpare
	idle := 0
	for _, spec := range specs {
		wanted += spec.Connections + spec.IdleConnections
		idle += spec.IdleConnections
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second+time.Duration(idle)*time.Millisecond)
	defer cancel()
	e.mu.Lock()
	e.dialing = cancel
	over := e.over
	e.mu.Unlock()
	if over {
		cancel()
	}
	failed := make(map[string]string)
	from := make(sources)
	for _, spec := range specs {
		t, err := newTarget(spec, bodies)
		if err == nil {
			err = t.openAll(ctx)
		}
		if err == nil {
			err = t.openAgents(spec.Agents, cmd.Token)
		}
		if err == nil && spec.IdleConnections > 0 && int64(wanted) > fileLimit() {
			err = fmt.Errorf("%d connections need as many open files, and the limit is %d: raise it (ulimit -n, or LimitNOFILE)",
				wanted-filesSpare, fileLimit())
		}
		if err == nil {
			err = t.openIdle(ctx, spec.IdleConnections, from)
		}
		if t != nil && spec.IdleConnections > 0 {
			t.idleFault = err
		}
		if err != nil {
			failed[spec.ID] = err.Error()
		}
		if t != nil {
			e.targets = append(e.targets, t)
		}
	}
	e.mu.Lock()
	e.dialing = nil
	e.mu.Unlock()
	return failed
}

func (e *engine) targetOf(id string) *target {
	for _, t := range e.targets {
		if t.id == id {
			return t
		}
	}
	return nil
}

// runSlice runs one slice and reports it; false when the rest of its order is dropped.
func (e *engine) runSlice(cmd command, spec sliceSpec) bool {
	t := e.targetOf(spec.Target)
	if t == nil {
		e.emit(errorEvent{Event: "error", ID: cmd.ID, Message: fmt.Sprintf("slice %d: no target %q", spec.Seq, spec.Target)})
		return true
	}
	e.collectBetweenSlices()
	r := newRun(e.clk, t, spec, &e.rec)
	e.mu.Lock()
	stopped := e.stops.Load() != cmd.generation
	if !stopped {
		e.current = r
	}
	e.mu.Unlock()
	if stopped {
		return false
	}
	before, _ := readGauges()
	r.execute()
	after, _ := readGauges()
	e.mu.Lock()
	e.current = nil
	e.mu.Unlock()
	e.emit(r.event(cmd.ID, &e.encoder, after-before))
	return e.stops.Load() == cmd.generation
}

// collectBetweenSlices keeps garbage collection out of the slices by doing it here when there is something to collect.
func (e *engine) collectBetweenSlices() {
	if _, heap := readGauges(); heap < e.collectedAt+collectAbove {
		return
	}
	runtime.GC()
	_, e.collectedAt = readGauges()
}

func (e *engine) read(id int64) readingEvent {
	event := readingEvent{Event: "reading", ID: id, AtMicros: e.clk.unixMicros(e.clk.now()), WallMicros: time.Now().UnixMicro(), Processes: []processReading{}, Cores: []oscpu.Core{}}
	for _, t := range e.targets {
		for _, process := range t.processes {
			event.Processes = append(event.Processes, readProcess(t.id, process))
		}
	}
	event.Processes = append(event.Processes, readProcess("", processSpec{Role: roleGenerator, PID: os.Getpid()}))
	if cores, ok := oscpu.Cores(); ok {
		event.Cores = cores
	}
	e.readAgents(&event)
	return event
}
