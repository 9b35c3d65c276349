package agent

import (
	"bufio"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"meshmark/dataplane/internal/about"
	"meshmark/dataplane/internal/clock"
	"meshmark/dataplane/internal/oscpu"
)

const (
	// longestLine is far more than any question needs.
	longestLine = 4096
	// patience is how long a connection may be without its token.
	patience = 5 * time.Second
	// mostConnections is what generators of one run need, many times over.
	mostConnections = 64
)

// Main serves until SIGTERM and returns the process's exit code.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:0", "`host:port` to answer on; port 0 has the kernel choose")
	tokenFile := flags.String("token-file", "", "`file` with what an asker must know")
	relayed := flags.String("relay", "", "`LISTEN=TO`: connections to the one are carried on to the other, made from this pod")
	flags.StringVar(&others, "others", "", "`role` of the pod's processes that are none of meshmark's, as an injected proxy's")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	token, err := readToken(*tokenFile)
	if err != nil {
		fmt.Fprintf(stderr, "dataplane agent: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintf(stderr, "dataplane agent: %v\n", err)
		return 1
	}
	if *relayed != "" {
		from, to, _ := strings.Cut(*relayed, "=")
		if err := relay(ctx, from, to); err != nil {
			fmt.Fprintf(stderr, "dataplane agent: --relay %s: %v\n", *relayed, err)
			return 1
		}
	}
	address := listener.Addr().String()
	line, _ := json.Marshal(map[string]any{"event": "listening", "address": address, "admin": address, "pid": os.Getpid()})
	fmt.Fprintf(stdout, "%s\n", line)
	Serve(ctx, listener, token)
	return 0
}

func readToken(file string) (string, error) {
	if file == "" {
		return "", errors.New("--token-file is missing: without one anybody could ask")
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", fmt.Errorf("%s is empty: without a token anybody could ask", file)
	}
	return token, nil
}

// Serve answers until ctx ends, and returns when every connection has.
func Serve(ctx context.Context, listener net.Listener, token string) {
	var serving sync.WaitGroup
	defer serving.Wait()
	closeAtEnd := context.AfterFunc(ctx, func() { listener.Close() })
	defer closeAtEnd()
	slots := make(chan struct{}, mostConnections)
	for {
		connection, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of files, say: those that are open go on.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			connection.Close()
			continue
		}
		serving.Go(func() {
			defer func() { <-slots }()
			end := context.AfterFunc(ctx, func() { connection.Close() })
			defer end()
			defer connection.Close()
			converse(connection, token)
		})
	}
}

// converse answers one asker's questions until it goes, says something that is none, or does not know the token.
func converse(connection net.Conn, token string) {
	lines := bufio.NewScanner(connection)
	lines.Buffer(make([]byte, 0, longestLine), longestLine)
	encoder := json.NewEncoder(connection)
	known := false
	_ = connection.SetReadDeadline(time.Now().Add(patience))
	for lines.Scan() {
		atMicros := clock.EpochMicros()
		var asked Question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			_ = encoder.Encode(Answer{AtMicros: atMicros, Error: "this is no question: a line of JSON is"})
			return
		}
		if !known {
			if subtle.ConstantTimeCompare([]byte(asked.Token), []byte(token)) != 1 {
				_ = encoder.Encode(Answer{AtMicros: atMicros, Error: "the token is wrong"})
				return
			}
			known = true
			_ = connection.SetReadDeadline(time.Time{})
		}
		if err := encoder.Encode(reply(asked, atMicros)); err != nil {
			return
		}
	}
}

// clocks are those of every process that has a role.
func clocks() []Process {
	found := processesWithRoles()
	for i := range found {
		if ns, ok := oscpu.ProcessCPU(found[i].PID); ok {
			found[i].CPUNs = &ns
		}
	}
	return found
}

// missing are those of the programs that could not be started from here.
func missing(programs []string) []string {
	var found []string
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			found = append(found, program)
		}
	}
	return found
}

func reply(asked Question, atMicros int64) Answer {
	switch asked.Op {
	case "clock":
		return Answer{AtMicros: atMicros}
	case "cpu":
		return Answer{AtMicros: atMicros, Processes: clocks()}
	case "about":
		machine := about.This()
		return Answer{AtMicros: atMicros, Processes: clocks(), About: &machine, Missing: missing(asked.Programs)}
	case "read":
		found := processesWithRoles()
		for i := range found {
			found[i].Reading = oscpu.Read(found[i].PID)
		}
		cores, _ := oscpu.Cores()
		return Answer{AtMicros: atMicros, Processes: found, Cores: cores}
	case "connect":
		return Answer{AtMicros: atMicros, Connected: tryConnecting(asked.Address)}
	default:
		return Answer{AtMicros: atMicros, Error: fmt.Sprintf("no question is called %q; there are clock, cpu, read, about and connect", asked.Op)}
	}
}
