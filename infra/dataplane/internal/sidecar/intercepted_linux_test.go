package sidecar

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"meshmark/dataplane/internal/processtest"
)

// inOwnNamespace has the test run again as the only one of a process in a network namespace of its own, which vanishes
// with it. It returns true there.
func inOwnNamespace(t *testing.T) bool {
	t.Helper()
	const variable = "MESHMARK_TEST_NAMESPACE"
	if os.Getenv(variable) != "" {
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("a network namespace needs root")
	}
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), variable+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	output, err := command.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, output)
	case strings.Contains(string(output), "--- SKIP"):
		t.Skipf("%s", output)
	case !strings.Contains(string(output), "--- PASS"):
		t.Errorf("nothing was tested:\n%s", output)
	}
	return false
}

// prepareNamespace has connections to any address of this machine at one port redirected to another.
func prepareNamespace(t *testing.T, from, to string) {
	t.Helper()
	for _, command := range [][]string{
		{"ip", "link", "set", "lo", "up"},
		{"nft", "add table inet meshmark; flush table inet meshmark; " +
			"add chain inet meshmark out { type nat hook output priority -100; }; " +
			"add rule inet meshmark out tcp dport " + from + " redirect to :" + to},
	} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%v: %v: %s", command, err, output)
		}
	}
}

func TestInterceptedConnectionsAreToldFromOthers(t *testing.T) {
	if !inOwnNamespace(t) {
		return
	}
	if output, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Skipf("bring the loopback device up: %v: %s", err, output)
	}
	const virtualPort = "7777"
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = http.Serve(upstream, http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(answer, "from the upstream")
		}))
	}()
	for name, arguments := range map[string][]string{
		"net/http":    {},
		"tcp":         {"--listen-protocol", "tcp"},
		"goroutine":   {"--http", "lean"},
		"worker-pool": {"--http", "lean", "--concurrency", "worker-pool"},
		"event-loop":  {"--http", "lean", "--concurrency", "event-loop"},
	} {
		for listen, hosts := range map[string][]string{
			"127.0.0.1:0": {"127.0.0.1"}, "[::1]:0": {"::1"}, "[::]:0": {"127.0.0.1", "::1"},
		} {
			t.Run(fmt.Sprintf("%s at %s", name, listen), func(t *testing.T) {
				server := processtest.StartServer(t, append(arguments, "--intercepted", "--listen", listen,
					"--upstream", upstream.Addr().String())...)
				_, port, err := net.SplitHostPort(server.Address)
				if err != nil {
					t.Fatal(err)
				}
				prepareNamespace(t, virtualPort, port)
				for _, host := range hosts {
					getOnce(t, net.JoinHostPort(host, port))
					getOnce(t, net.JoinHostPort(host, virtualPort))
					getOnce(t, net.JoinHostPort(host, virtualPort))
				}
				w := server.Snapshot().Witness
				if want := int64(len(hosts)); w.ConnectionsIntercepted != 2*want || w.ConnectionsNotIntercepted != want {
					t.Errorf("%d intercepted, want %d; %d not, want %d",
						w.ConnectionsIntercepted, 2*want, w.ConnectionsNotIntercepted, want)
				}
				if w.ConnectionsAccepted != w.ConnectionsIntercepted+w.ConnectionsNotIntercepted {
					t.Errorf("%d accepted", w.ConnectionsAccepted)
				}
			})
		}
	}
}

// getOnce makes a request on a connection of its own.
func getOnce(t *testing.T, address string) {
	t.Helper()
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(connection, "GET / HTTP/1.1\r\nHost: service\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "from the upstream" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestConnectionsAreNotLookedAtUnasked(t *testing.T) {
	upstream := startTCP(t, func(connection *net.TCPConn) { _, _ = io.Copy(io.Discard, connection) })
	server := processtest.StartServer(t, "--listen-protocol", "tcp", "--upstream", upstream)
	dial(t, server.Address)
	for deadline := time.Now().Add(5 * time.Second); server.Snapshot().Witness.ConnectionsAccepted == 0; {
		if time.Now().After(deadline) {
			t.Fatal("nothing was accepted")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if w := server.Snapshot().Witness; w.ConnectionsIntercepted+w.ConnectionsNotIntercepted != 0 {
		t.Errorf("%d and %d", w.ConnectionsIntercepted, w.ConnectionsNotIntercepted)
	}
}
