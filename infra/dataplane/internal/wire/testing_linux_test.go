package wire

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"meshmark/dataplane/internal/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, Main) }

// wireProcess is a wire in a process of its own.
type wireProcess struct {
	readyEvent
	t       *testing.T
	command *exec.Cmd
	lines   *bufio.Reader
	// far is side b as this process sees it, once entered.
	far *namespace
}

// startWire skips the test where wires cannot be made, and ends the process with the test at the latest.
func startWire(t *testing.T, args ...string) *wireProcess {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making a wire needs root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("making a wire needs the tun driver: %v", err)
	}
	started := &wireProcess{t: t, command: processtest.Command(args...)}
	var log strings.Builder
	started.command.Stderr = &log
	stdout, err := started.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := started.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.kill)
	started.lines = bufio.NewReader(stdout)
	line, err := started.lines.ReadBytes('\n')
	if err != nil {
		_ = started.command.Wait()
		t.Fatalf("no line on stdout: %v; stderr: %s", err, log.String())
	}
	if err := json.Unmarshal(line, &started.readyEvent); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return started
}

func (w *wireProcess) kill() {
	if w.command.ProcessState == nil {
		_ = w.command.Process.Kill()
		_ = w.command.Wait()
	}
	w.leave()
}

// stop sends SIGTERM and returns the last event and the exit code.
func (w *wireProcess) stop() (last endedEvent, code int) {
	w.t.Helper()
	_ = w.command.Process.Signal(syscall.SIGTERM)
	line, err := io.ReadAll(w.lines)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = w.command.Wait()
	if err := json.Unmarshal(line, &last); err != nil {
		w.t.Fatalf("%v in %q", err, line)
	}
	return last, w.command.ProcessState.ExitCode()
}

// inFar runs a function in side b.
func (w *wireProcess) inFar(function func() error) {
	w.t.Helper()
	if w.far == nil {
		far, err := openNamespace(w.BNamespace)
		if err != nil {
			w.t.Fatal(err)
		}
		w.far = far
	}
	if err := w.far.do(function); err != nil {
		w.t.Fatal(err)
	}
}

// leave ends this process's stay in side b, which would keep the namespace alive.
func (w *wireProcess) leave() {
	if w.far != nil {
		close(w.far.work)
		w.far = nil
	}
}

// listenFar is a TCP server in side b that treats each connection so.
func (w *wireProcess) listenFar(serve func(net.Conn)) string {
	w.t.Helper()
	var listener net.Listener
	w.inFar(func() (err error) {
		listener, err = net.Listen("tcp4", w.BAddress+":0")
		return err
	})
	acceptAll(w.t, listener, serve)
	return listener.Addr().String()
}

func acceptAll(t *testing.T, listener net.Listener, serve func(net.Conn)) {
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				serve(connection)
			}()
		}
	}()
}

// namespaceInUse says whether any thread of the machine is in this namespace (as "net:[4026532000]").
func namespaceInUse(identity string) bool {
	threads, _ := filepath.Glob("/proc/[0-9]*/task/[0-9]*/ns/net")
	for _, thread := range threads {
		if link, err := os.Readlink(thread); err == nil && link == identity {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 5 s: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
