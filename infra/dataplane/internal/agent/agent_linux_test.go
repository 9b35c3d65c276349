package agent

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"meshmark/dataplane/internal/oscpu"
	"meshmark/dataplane/internal/processtest"
)

const secret = "what only the harness knows"

func TestMain(m *testing.M) { processtest.Main(m, Main) }

func startAgent(t *testing.T, flags ...string) *processtest.Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return processtest.StartServer(t, append(flags, "--token-file", file)...)
}

// asker is a connection to an agent.
type asker struct {
	t          *testing.T
	connection net.Conn
	lines      *bufio.Reader
}

func dial(t *testing.T, server *processtest.Server) *asker {
	t.Helper()
	connection, err := net.Dial("tcp", server.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	return &asker{t, connection, bufio.NewReader(connection)}
}

func (a *asker) ask(line string) Answer {
	a.t.Helper()
	if _, err := fmt.Fprintf(a.connection, "%s\n", line); err != nil {
		a.t.Fatal(err)
	}
	said, err := a.lines.ReadBytes('\n')
	if err != nil {
		a.t.Fatalf("no answer to %s: %v", line, err)
	}
	var got Answer
	if err := json.Unmarshal(said, &got); err != nil {
		a.t.Fatalf("%v in %s", err, said)
	}
	return got
}

// ended reports whether the agent has closed the connection.
func (a *asker) ended() bool {
	_, err := a.lines.ReadByte()
	return err != nil
}

// asking is a question that brings the token.
func asking(op string) string { return fmt.Sprintf(`{"token":%q,"op":%q}`, secret, op) }

// startRole runs a shell of that role which burns CPU in a child of its own.
func startRole(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	command := exec.Command("sh", "-c", "while :; do :; done & echo started; wait")
	command.Env = append(os.Environ(), roleVariable+role)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, found := range processesWithRoles() {
			if process, err := os.FindProcess(found.PID); err == nil && found.Role == role {
				_ = process.Kill()
			}
		}
		_ = command.Wait()
	})
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return command
}

func ofRole(got Answer, role string) []Process {
	var found []Process
	for _, one := range got.Processes {
		if one.Role == role {
			found = append(found, one)
		}
	}
	return found
}

func TestAgentTellsTheCPUOfEveryProcessOfARole(t *testing.T) {
	agent := dial(t, startAgent(t))
	role := fmt.Sprintf("outbound-%d", os.Getpid())
	command := startRole(t, role)
	first := ofRole(agent.ask(asking("cpu")), role)
	if len(first) != 2 || first[0].PID != command.Process.Pid {
		t.Fatalf("found %+v, want the shell %d and its child", first, command.Process.Pid)
	}
	time.Sleep(300 * time.Millisecond)
	got := ofRole(agent.ask(`{"op":"cpu"}`), role)
	child := got[1]
	truth, ok := oscpu.ProcessCPU(child.PID)
	if !ok || child.CPUNs == nil || *child.CPUNs <= *first[1].CPUNs || *child.CPUNs > truth {
		t.Errorf("the child used %v, then %v; the kernel has %d now", first[1].CPUNs, child.CPUNs, truth)
	}
	if child.RSSBytes != nil {
		t.Error("`cpu` reads more than clocks")
	}
}

func TestAgentTellsAllOfAProcessAndTheNodesCores(t *testing.T) {
	agent := dial(t, startAgent(t))
	role := fmt.Sprintf("service-%d", os.Getpid())
	startRole(t, role)
	got := agent.ask(asking("read"))
	found := ofRole(got, role)
	if len(found) != 2 || found[0].VoluntarySwitches == nil || found[0].RSSBytes == nil || *found[0].RSSBytes == 0 {
		t.Errorf("read %+v", found)
	}
	if len(got.Cores) == 0 {
		t.Error("no core was read")
	}
}

func TestAgentTellsItsMachine(t *testing.T) {
	agent := dial(t, startAgent(t))
	role := fmt.Sprintf("inbound-%d", os.Getpid())
	startRole(t, role)
	got := agent.ask(asking("about"))
	if got.About == nil || got.About.Cores < 1 || len(ofRole(got, role)) != 2 {
		t.Errorf("answered %+v", got)
	}
}

func TestAgentTellsWhichProgramsItsImageLacks(t *testing.T) {
	folder := t.TempDir()
	program, text := filepath.Join(folder, "proxy"), filepath.Join(folder, "proxy.conf")
	for path, mode := range map[string]os.FileMode{program: 0o755, text: 0o644} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	agent := dial(t, startAgent(t))
	absent := filepath.Join(folder, "absent")
	question, _ := json.Marshal(Question{Token: secret, Op: "about", Programs: []string{program, "sh", absent, text}})
	got := agent.ask(string(question))
	if want := []string{absent, text}; !slices.Equal(got.Missing, want) {
		t.Errorf("missing %q, want %q", got.Missing, want)
	}
}

func TestAgentsClockIsTheTimeOfDay(t *testing.T) {
	agent := dial(t, startAgent(t))
	agent.ask(asking("clock"))
	before := time.Now().UnixMicro()
	got := agent.ask(`{"op":"clock"}`)
	after := time.Now().UnixMicro()
	if got.AtMicros < before-1000 || got.AtMicros > after+1000 || got.Processes != nil {
		t.Errorf("%+v between %d and %d", got, before, after)
	}
}

func TestAgentTellsNothingWithoutItsToken(t *testing.T) {
	server := startAgent(t)
	for _, line := range []string{`{"op":"read"}`, `{"token":"","op":"read"}`, `{"token":"other","op":"cpu"}`} {
		stranger := dial(t, server)
		if got := stranger.ask(line); got.Error != "the token is wrong" || got.Processes != nil || got.Cores != nil {
			t.Errorf("%s was answered with %+v", line, got)
		}
		if !stranger.ended() {
			t.Errorf("the connection stays open after %s", line)
		}
	}
}

func TestAgentNamesWhatItCannotUnderstand(t *testing.T) {
	server := startAgent(t)
	knowing := dial(t, server)
	if got := knowing.ask(asking("weather")); !strings.Contains(got.Error, `no question is called "weather"`) {
		t.Errorf("answered %+v", got)
	}
	if got := knowing.ask(`{"op":"clock"}`); got.Error != "" {
		t.Errorf("the connection is lost after an unknown question: %+v", got)
	}
	if got := knowing.ask(`not json`); got.Error == "" || !knowing.ended() {
		t.Errorf("answered %+v and stays", got)
	}
	endless := dial(t, server)
	_, _ = endless.connection.Write([]byte(strings.Repeat("x", longestLine+1)))
	if !endless.ended() {
		t.Error("a line without end is taken")
	}
}

func TestAgentEndsOnSIGTERMWithConnectionsOpen(t *testing.T) {
	server := startAgent(t)
	dial(t, server).ask(asking("clock"))
	dial(t, server)
	if code, log := server.Stop(); code != 0 || log != "" {
		t.Errorf("exit code %d, said %q", code, log)
	}
}

func TestAgentNeedsATokenOfItsOwn(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--token-file", empty}, {"--token-file", "/nonexistent"}, {"--nonsense"}} {
		var said strings.Builder
		if code := Main(args, nil, &said, &said); code != 2 || said.Len() == 0 {
			t.Errorf("%v: exit code %d, said %q", args, code, said.String())
		}
	}
}

// Whether a pod may connect is told by a pod's own attempt.
func TestAgentTriesToConnect(t *testing.T) {
	agent := dial(t, startAgent(t))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	question := func(address string) string {
		return fmt.Sprintf(`{"token":%q,"op":"connect","address":%q}`, secret, address)
	}
	if got := agent.ask(question(listener.Addr().String())).Connected; got != "accepted" {
		t.Errorf("a port that listens: %q", got)
	}
	if got := agent.ask(question("127.0.0.1:1")).Connected; !strings.Contains(got, "connection refused") {
		t.Errorf("a port that does not: %q", got)
	}
}

func TestRelayCarriesConnectionsBothWays(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		text, _ := io.ReadAll(connection)
		fmt.Fprintf(connection, "heard %s", text)
	}()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	free.Close()
	startAgent(t, "--relay", at+"="+listener.Addr().String())
	connection, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_, _ = io.WriteString(connection, "all of it")
	_ = connection.(*net.TCPConn).CloseWrite()
	if answer, err := io.ReadAll(connection); string(answer) != "heard all of it" {
		t.Errorf("answered %q, %v", answer, err)
	}
}
