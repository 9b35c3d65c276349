package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"meshmark/dataplane/internal/bpf"
	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/streamtest"
)

// Who connects to a virtual address reaches the server and is told the address that was asked for; without the agent, or
// from outside its cgroups, nobody answers there.
func TestVirtualAddressesLeadToTheServer(t *testing.T) {
	for _, family := range families {
		t.Run(family.network, func(t *testing.T) {
			cgroup := hooked(t, Options{Connect: true})
			agent := startAgent(t, cgroup, "--connect")
			server := streamtest.Listen(t, family.listen, echo)
			agent.register("server", server)
			virtual := agent.virtual(server)
			connection, err := net.Dial("tcp", virtual)
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			if peer := connection.RemoteAddr().String(); peer != virtual {
				t.Errorf("the peer is called %s, want %s", peer, virtual)
			}
			if count := agent.counters()["connectsRedirected.server"]; count != 1 {
				t.Errorf("%d connections counted, want 1", count)
			}
			home := ownCgroup(t)
			enter(t, processtest.Cgroup2(t))
			_, err = net.Dial("tcp", virtual)
			enter(t, home)
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("from outside: %v", err)
			}
			agent.Stop()
			if _, err := net.Dial("tcp", virtual); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("without the agent: %v", err)
			}
		})
	}
}

// What is known before can be told by flags, as a pod's agent is told it.
func TestFlagsSayWhatTheAdminPortWouldBeAsked(t *testing.T) {
	cgroup := hooked(t, Options{Policy: true})
	server := streamtest.Listen(t, "127.0.0.1:0", echo)
	agent := startAgent(t, cgroup, "--policy", "--endpoint", "server="+server,
		"--virtual", "127.77.0.1:7801="+server, "--virtual", "127.77.0.1:7802="+server, "--deny", "127.77.0.1:7802")
	connection, err := net.Dial("tcp", "127.77.0.1:7801")
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
	if _, err := net.Dial("tcp", "127.77.0.1:7802"); !errors.Is(err, syscall.EPERM) {
		t.Errorf("the denied address: %v", err)
	}
	counters := agent.counters()
	if counters["connectsRedirected.server"] != 1 || counters["connectsDenied"] != 1 {
		t.Errorf("counted %v", counters)
	}
}

// A sidecar learns from either way of interception where a connection was going.
func TestSidecarsLearnTheOriginalDestination(t *testing.T) {
	for name, options := range map[string]Options{
		"connect hooks": {Connect: true, OriginalDestination: true}, "nftables": {Redirect: true},
	} {
		for _, family := range families {
			t.Run(name+" "+family.network, func(t *testing.T) {
				cgroup := hooked(t, options)
				agent := startAgent(t, cgroup, flagsOf(options)...)
				proxy := processtest.StartServerIn(t, cgroup, "sidecar", "--listen-protocol", "tcp", "--intercepted",
					"--listen", family.listen, "--upstream", streamtest.Listen(t, family.listen, echo))
				agent.register("outbound", proxy.Address)
				virtual := agent.virtual(proxy.Address)
				for range 5 {
					askOnce(t, virtual)
				}
				askOnce(t, proxy.Address)
				witness := proxy.Snapshot().Witness
				if witness.ConnectionsIntercepted != 5 || witness.ConnectionsNotIntercepted != 1 {
					t.Errorf("%d intercepted, %d not", witness.ConnectionsIntercepted, witness.ConnectionsNotIntercepted)
				}
				if count := agent.counters()["connectsRedirected.outbound"]; count != 5 {
					t.Errorf("%d connections redirected, want 5", count)
				}
			})
		}
	}
}

// What a server is told of a connection is the address that was asked for, and nothing of one that asked for its own.
func TestTheOriginalDestinationIsWhatWasAskedFor(t *testing.T) {
	for name, options := range map[string]Options{
		"connect hooks": {Connect: true, OriginalDestination: true}, "nftables": {Redirect: true},
	} {
		for _, family := range families {
			t.Run(name+" "+family.network, func(t *testing.T) {
				agent := startAgent(t, hooked(t, options), flagsOf(options)...)
				told := make(chan string, 1)
				server := streamtest.Listen(t, family.listen, func(connection *net.TCPConn) {
					told <- originalDestination(connection, family.network == "tcp6")
				})
				agent.register("server", server)
				virtual := agent.virtual(server)
				for asked, want := range map[string]string{virtual: virtual, server: "none"} {
					connection, err := net.Dial("tcp", asked)
					if err != nil {
						t.Fatal(err)
					}
					// Netfilter tells of a connection that it left alone what its address is.
					if got := <-told; got != want && (want != "none" || got != server) {
						t.Errorf("of a connection to %s the server is told %s", asked, got)
					}
					connection.Close()
				}
			})
		}
	}
}

// Programs that somebody takes off their hooks are missed at the next look.
func TestDetachedProgramsAreMissed(t *testing.T) {
	everything := Options{Connect: true, OriginalDestination: true, Messages: true, Policy: true}
	agent := startAgent(t, hooked(t, everything), flagsOf(everything)...)
	before := agent.counters()
	if before["programsExpected"] == 0 || before["programsAttached"] != before["programsExpected"] {
		t.Fatalf("%d of %d programs attached", before["programsAttached"], before["programsExpected"])
	}
	if output, err := processtest.Command("--detach").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if after := agent.counters(); after["programsAttached"] != 0 {
		t.Errorf("%d of %d programs are said to be attached", after["programsAttached"], after["programsExpected"])
	}
}

// However an agent ends, the kernel keeps nothing of it.
func TestNothingIsLeft(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for name, options := range map[string]Options{
			"programs": {Connect: true, OriginalDestination: true, Messages: true, Policy: true},
			"nftables": {Redirect: true},
		} {
			t.Run(signal.String()+" "+name, func(t *testing.T) {
				agent := startAgent(t, hooked(t, options), flagsOf(options)...)
				server := streamtest.Listen(t, "127.0.0.1:0", echo)
				agent.register("server", server)
				if options.Redirect {
					agent.virtual(server)
					if tables(t) == "" {
						t.Fatal("no table while the agent lives")
					}
				} else if objects(t) == 0 {
					t.Fatal("nothing in the kernel while the agent lives")
				}
				if err := syscall.Kill(agent.PID, signal); err != nil {
					t.Fatal(err)
				}
				await(t, "the kernel to be empty", func() bool { return objects(t) == 0 && tables(t) == "" })
			})
		}
	}
}

// objects counts what of meshmark is in the kernel.
func objects(t *testing.T) int {
	t.Helper()
	output, err := processtest.Command("--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Programs, Maps, Links []bpf.Object }
	if err := json.Unmarshal(output, &list); err != nil {
		t.Fatal(err)
	}
	return len(list.Programs) + len(list.Maps) + len(list.Links)
}

// tables are those of nftables that carry our name.
func tables(t *testing.T) string {
	t.Helper()
	nft, err := findNft()
	if err != nil {
		return ""
	}
	output, _ := exec.Command(nft, "list", "tables").Output()
	var own []string
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, "meshmark_") {
			own = append(own, strings.TrimSpace(line))
		}
	}
	return strings.Join(own, ", ")
}

func probed(t *testing.T, command *exec.Cmd) map[string]*string {
	t.Helper()
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Features map[string]*string }
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Features
}

// Who has not what the programs need is told what it is.
func TestProbeSaysWhatIsMissing(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to give it up")
	}
	processtest.Cgroup2(t)
	for feature, reason := range probed(t, processtest.Command("--probe")) {
		if reason != nil {
			t.Logf("%s: %s", feature, *reason)
		}
	}
	nobody := processtest.Command("--probe")
	nobody.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	nobody.Path = readableCopy(t)
	for feature, reason := range probed(t, nobody) {
		if reason == nil || !strings.Contains(*reason, "root") && !strings.Contains(*reason, "nft") {
			t.Errorf("%s as nobody: %v", feature, text(reason))
		}
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip("needs unshare")
	}
	bare := processtest.Command()
	bare.Args = []string{unshare, "-m", "sh", "-c", "umount -l $(grep ' cgroup2 ' /proc/self/mounts | cut -d' ' -f2) && exec \"$0\" --probe", bare.Path}
	bare.Path = unshare
	for feature, reason := range probed(t, bare) {
		if feature == "redirect" {
			continue
		}
		if reason == nil || !strings.Contains(*reason, "needs cgroup v2") {
			t.Errorf("%s without cgroup v2: %v", feature, text(reason))
		}
	}
}

func text(reason *string) string {
	if reason == nil {
		return "available"
	}
	return *reason
}

// readableCopy is the test binary where anybody may read it.
func readableCopy(t *testing.T) string {
	t.Helper()
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	directory, err := os.MkdirTemp("", "meshmark-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	path := directory + "/probe"
	if err := os.WriteFile(path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// Wrong options are one line and 2; what cannot be attached is one line and 1.
func TestOptionsAreChecked(t *testing.T) {
	for _, wrong := range []struct {
		args string
		code int
		says string
	}{
		{"--messages", 2, "--client-cgroup and --mesh-cgroup are needed"},
		{"--client-cgroup /x --mesh-cgroup /x", 2, "nothing to do"},
		{"--client-cgroup /x --mesh-cgroup /x --messages --original-destination", 2, "needs --connect"},
		{"--client-cgroup /x --mesh-cgroup /x --connect --redirect", 2, "give one"},
		{"--client-cgroup /x --mesh-cgroup /x --policy --redirect", 2, "--policy needs --connect"},
		{"--client-cgroup /x --mesh-cgroup /x --connect --deny 127.0.0.1:1", 2, "--deny needs --policy"},
		{"--client-cgroup /x --mesh-cgroup /x --connect", 1, "connect: "},
		{"--client-cgroup pod:/proc/self/fd --mesh-cgroup /x --connect", 1, "--client-cgroup: "},
	} {
		var stdout, stderr bytes.Buffer
		code := Main(strings.Fields(wrong.args), nil, &stdout, &stderr)
		if code != wrong.code || !strings.Contains(stderr.String(), wrong.says) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: exit %d, %q", wrong.args, code, stderr.String())
		}
	}
}

// Options of sockets that are none of the agent's business are answered as ever, also those that are asked with more room
// than a hook may see.
func TestOtherSocketOptionsAreUntouched(t *testing.T) {
	options := Options{Connect: true, OriginalDestination: true}
	startAgent(t, hooked(t, options), flagsOf(options)...)
	connection, err := net.Dial("tcp", streamtest.Listen(t, "127.0.0.1:0", echo))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	raw, err := connection.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	room := make([]byte, 64<<10)
	var length int
	var failure error
	_ = raw.Control(func(fd uintptr) { length, failure = tcpInfo(fd, room) })
	if failure != nil || length < 100 {
		t.Errorf("TCP_INFO with %d bytes of room: %d bytes, %v", len(room), length, failure)
	}
}
