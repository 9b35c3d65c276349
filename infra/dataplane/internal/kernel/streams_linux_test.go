package kernel

import (
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/streamtest"
)

// Through everything that this package can put in the way of a stream, each byte arrives, once and in order, and each end
// is told of. Half of the streams go over IPv4 and half over IPv6.
func TestStreamsArriveByteForByte(t *testing.T) {
	const streams, atOnce = 1000, 16
	for _, way := range []struct {
		name    string
		options Options
		// sidecars is how many copying sidecars are in the path.
		sidecars int
	}{
		{"a sidecar that copies", Options{}, 1},
		{"messages under a sidecar", Options{Messages: true}, 1},
		{"messages and no sidecar", Options{Connect: true, Messages: true}, 0},
		{"a sidecar reached by connect hooks", Options{Connect: true, OriginalDestination: true}, 1},
		{"a sidecar reached by nftables", Options{Redirect: true}, 1},
		{"messages judged by a policy", Options{Connect: true, Messages: true, Policy: true}, 1},
	} {
		t.Run(way.name, func(t *testing.T) {
			for half, family := range families {
				t.Run(family.network, func(t *testing.T) {
					address, agent := stand(t, way.options, family, way.sidecars)
					from := uint64(half) * streams / 2
					got := streamtest.Run(t, address, from, from+streams/2, atOnce)
					if agent == nil {
						return
					}
					counters := agent.counters()
					if counters["programsAttached"] != counters["programsExpected"] {
						t.Errorf("%d of %d programs attached", counters["programsAttached"], counters["programsExpected"])
					}
					if way.options.Messages && counters["answerBytesRedirected.entry"] != got {
						t.Errorf("%d bytes of answers were redirected and %d missed, want %d",
							counters["answerBytesRedirected.entry"], counters["answerBytesMissed.entry"], got)
					}
					if (way.options.Connect || way.options.Redirect) && counters["connectsRedirected.entry"] != streams/2 {
						t.Errorf("%d connections redirected, want %d", counters["connectsRedirected.entry"], streams/2)
					}
				})
			}
		})
	}
}

// stand puts up a server of streams, so many sidecars before it, and an agent; it returns what clients dial.
func stand(
	t *testing.T, options Options, family struct{ network, listen string }, sidecars int,
) (address string, agent *agentProcess) {
	t.Helper()
	bare := reflect.DeepEqual(options, Options{})
	cgroup := ""
	if bare {
		cgroup = processtest.NewCgroup(t)
	} else {
		cgroup = hooked(t, options)
		started := startAgent(t, cgroup, flagsOf(options)...)
		agent = &started
	}
	var heard atomic.Int64
	address = streamtest.Serve(t, family.network, &heard)
	name := "entry"
	for range sidecars {
		if agent != nil {
			agent.register("behind", address)
		}
		args := []string{"sidecar", "--listen-protocol", "tcp", "--listen", family.listen, "--upstream", address}
		if options.OriginalDestination || options.Redirect {
			args = append(args, "--intercepted")
		}
		address = processtest.StartServerIn(t, cgroup, args...).Address
	}
	if agent != nil {
		agent.register(name, address)
		if options.Connect || options.Redirect {
			address = agent.virtual(address)
			host, _, _ := net.SplitHostPort(address)
			if want := map[string]string{"tcp4": "127.77.0.1", "tcp6": "::1"}[family.network]; host != want {
				t.Fatalf("the virtual address is %s", address)
			}
		}
	}
	return address, agent
}

func flagsOf(options Options) []string {
	var flags []string
	for flag, on := range map[string]bool{
		"--messages": options.Messages, "--connect": options.Connect, "--redirect": options.Redirect,
		"--original-destination": options.OriginalDestination, "--policy": options.Policy,
	} {
		if on {
			flags = append(flags, flag)
		}
	}
	return flags
}

// What the agent was not told of goes its ordinary way, and so does whatever comes from outside its cgroups.
func TestWhatIsNobodysBusinessIsUntouched(t *testing.T) {
	unknown := streamtest.Listen(t, "127.0.0.1:0", echo)
	// A child is where its parent is: this one is started before the test enters the cgroup.
	outside := processtest.StartServer(t, "sidecar", "--listen-protocol", "tcp", "--upstream", unknown)
	cgroup := hooked(t, Options{Messages: true})
	agent := startAgent(t, cgroup, "--messages")
	askOnce(t, unknown)
	counters := agent.counters()
	for name, value := range counters {
		if strings.HasPrefix(name, "messages") && value != 0 {
			t.Errorf("%s is %d", name, value)
		}
	}
	// The clients are in the cgroup and the server is not: neither end is handed anything beneath TCP.
	agent.register("outside", outside.Address)
	askOnce(t, outside.Address)
	counters = agent.counters()
	if counters["requestBytesMissed.outside"] != int64(len(spoken)) || counters["requestBytesRedirected.outside"] != 0 {
		t.Errorf("requests: %d missed, %d redirected", counters["requestBytesMissed.outside"],
			counters["requestBytesRedirected.outside"])
	}
}

const spoken = "to be heard again"

func askOnce(t *testing.T, address string) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte(spoken)); err != nil {
		t.Fatal(err)
	}
	heard := make([]byte, len(spoken))
	if _, err := connection.Read(heard); err != nil || string(heard) != spoken {
		t.Fatalf("%q, %v", heard, err)
	}
}
