// Package processtest runs a package's Main as a real process in its tests, without building a binary: the test binary
// starts itself again and becomes the process.
//
//	func TestMain(m *testing.M) { processtest.Main(m, sidecar.Main) }
//
//	server := processtest.StartServer(t, "--upstream", upstream)
//	server.Snapshot().Witness.Requests
package processtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

// variable is set in the environment of a test binary that is to be the process.
const variable = "MESHMARK_TEST_PROCESS"

// Main runs the tests, or, started by Command, the process under test.
func Main(m *testing.M, main func([]string, io.Reader, io.Writer, io.Writer) int) {
	if os.Getenv(variable) != "" {
		os.Unsetenv(variable)
		os.Exit(main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Command is the process under test with these arguments, not yet started.
func Command(args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), variable+"=1")
	return command
}

// Server is a running server that is killed at the test's end at the latest.
type Server struct {
	Address string `json:"address"`
	Admin   string `json:"admin"`
	PID     int    `json:"pid"`

	t       testing.TB
	command *exec.Cmd
	stderr  lockedBuffer
}

// StartServer starts the process under test and waits until it listens.
func StartServer(t testing.TB, args ...string) *Server {
	t.Helper()
	return startServer(t, Command(args...))
}

func startServer(t testing.TB, command *exec.Cmd) *Server {
	t.Helper()
	server := &Server{t: t, command: command}
	server.command.Stderr = &server.stderr
	stdout, err := server.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if server.command.ProcessState == nil {
			_ = server.command.Process.Kill()
			_ = server.command.Wait()
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no line on stdout: %v; stderr: %s", err, server.stderr.String())
	}
	if err := json.Unmarshal(line, server); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return server
}

// Stop sends SIGTERM and returns the exit code and everything logged. It fails the test after 5 s.
func (s *Server) Stop() (code int, log string) {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	timer := time.AfterFunc(5*time.Second, func() { _ = s.command.Process.Kill() })
	_ = s.command.Wait()
	if !timer.Stop() {
		s.t.Error("the server outlived SIGTERM by 5 s")
	}
	return s.command.ProcessState.ExitCode(), s.stderr.String()
}

// Snapshot asks the admin port.
func (s *Server) Snapshot() admin.Snapshot {
	s.t.Helper()
	answer, err := http.Get("http://" + s.Admin + "/snapshot")
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var snapshot admin.Snapshot
	if err := json.NewDecoder(answer.Body).Decode(&snapshot); err != nil {
		s.t.Fatal(err)
	}
	return snapshot
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(bytes []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(bytes)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
