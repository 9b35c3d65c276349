// Package wire joins two network namespaces, as if they were two machines with a cable of known length between them.
//
//	dataplane wire --delay 5ms
//	dataplane wire --kind veth
//	dataplane wire --probe
//
// It makes side b as a new namespace, sets up a device in each, measures the way there and back by UDP packets, and
// then prints, on one line of stdout, how to reach either side:
//
//	{"event":"ready","pid":4711,"kind":"tun","bNamespace":"/proc/4711/task/4715/ns/net","aAddress":"198.18.73.157",
//	 "bAddress":"198.18.73.158","roundTripMicros":{"median":10210,"p99":10480}}
//
// Kind tun holds each packet for the delay and hands it on, one thread for each direction; it does in user space what
// the kernel's netem does where there is one. Kind veth has the kernel hand packets over at once, and no delay.
//
// Everything is the process's own: the namespace lives as long as one of its threads, the TUN devices as long as their
// files. However the process ends, nothing is left to clean up. A command that was started in side b (dataplane launch
// --netns) and outlives the wire stays in a namespace without a wire: kind tun takes its device away at once, and its
// packets have no route; of kind veth both ends stay until that command, and every connection to it, has ended too.
//
// On SIGTERM it prints what it carried and how exactly, {"event":"ended",…}, and exits 0.
package wire

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const (
	kindTUN  = "tun"
	kindVeth = "veth"

	// What --a-namespace and --b-namespace may be instead of a file.
	ownNamespace = "own"
	newNamespace = "new"
)

type options struct {
	kind                   string
	delay                  time.Duration
	aNamespace, bNamespace string
	aAddress, bAddress     netip.Prefix
	mtu                    int
	probe                  bool
}

// readyEvent says how to reach either side.
type readyEvent struct {
	Event           string    `json:"event"`
	PID             int       `json:"pid"`
	Kind            string    `json:"kind"`
	BNamespace      string    `json:"bNamespace"`
	AAddress        string    `json:"aAddress"`
	BAddress        string    `json:"bAddress"`
	RoundTripMicros quantiles `json:"roundTripMicros"`
}

// probeEvent says whether a wire can be made here.
type probeEvent struct {
	Event     string `json:"event"`
	Available bool   `json:"available"`
	Reason    string `json:"reason,omitempty"`
}

// endedEvent says what a wire carried. Both directions are null for veth, where the kernel carries.
type endedEvent struct {
	Event string `json:"event"`
	AToB  *tally `json:"aToB"`
	BToA  *tally `json:"bToA"`
}

// tally is what one direction carried. Deviation is how long before or after it was due a packet was
// handed on; lost are those that overflowed the near device's queue or that the far one refused.
type tally struct {
	Packets         int64     `json:"packets"`
	Bytes           int64     `json:"bytes"`
	Lost            int64     `json:"lost"`
	DeviationMicros quantiles `json:"deviationMicros"`
}

type quantiles struct {
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
}

// runningPs is how many goroutines may run at once: each direction's thread must find room whenever it wakes, however
// few cores this process was given.
const runningPs = 8

// Main makes the wire and holds it until SIGTERM or SIGINT. It returns 0 then, 1 when the wire could not be made or
// broke, 2 for a mistake in the arguments.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	wanted, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		fmt.Fprintf(stderr, "dataplane wire: %v\n", err)
		return 2
	}
	runtime.GOMAXPROCS(runningPs)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if wanted.probe {
		return probe(ctx, wanted, stdout)
	}
	if err := run(ctx, wanted, stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintf(stderr, "dataplane wire: %v\n", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (options, error) {
	var wanted options
	flags := flag.NewFlagSet("wire", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&wanted.kind, "kind", kindTUN, "`device` of either side: tun, which can delay, or veth")
	flags.DurationVar(&wanted.delay, "delay", 0, "how long a packet is under way, each way")
	flags.StringVar(&wanted.aNamespace, "a-namespace", ownNamespace, "`namespace` of side a: own, or a file such as /proc/4711/ns/net")
	flags.StringVar(&wanted.bNamespace, "b-namespace", newNamespace, "`namespace` of side b: new, or a file")
	aAddress := flags.String("a-address", "", "`address/bits` of side a; by default one that no route covers")
	bAddress := flags.String("b-address", "", "`address/bits` of side b")
	flags.IntVar(&wanted.mtu, "mtu", 1500, "largest packet, in bytes")
	flags.BoolVar(&wanted.probe, "probe", false, "make the wire, say whether that worked, and remove it")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	switch {
	case flags.NArg() > 0:
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case wanted.kind != kindTUN && wanted.kind != kindVeth:
		return options{}, fmt.Errorf("--kind is tun or veth, not %q", wanted.kind)
	case wanted.delay < 0 || wanted.delay > time.Minute:
		return options{}, fmt.Errorf("--delay is between 0 and 1m, not %s", wanted.delay)
	case wanted.kind == kindVeth && wanted.delay > 0:
		return options{}, errors.New("--kind veth cannot delay packets: use tun")
	case wanted.kind == kindVeth && wanted.bNamespace != newNamespace:
		return options{}, errors.New("--kind veth needs --b-namespace new: nothing would remove the devices of a killed wire from another")
	case wanted.aNamespace == newNamespace || wanted.bNamespace == ownNamespace:
		return options{}, errors.New("side a is the own namespace or a file, side b a new one or a file")
	case wanted.mtu < 576 || wanted.mtu > 65535:
		return options{}, fmt.Errorf("--mtu is between 576 and 65535, not %d", wanted.mtu)
	case (*aAddress == "") != (*bAddress == ""):
		return options{}, errors.New("--a-address and --b-address go together")
	}
	if *aAddress == "" {
		return wanted, nil
	}
	var err error
	if wanted.aAddress, err = parseAddress("--a-address", *aAddress); err != nil {
		return options{}, err
	}
	if wanted.bAddress, err = parseAddress("--b-address", *bAddress); err != nil {
		return options{}, err
	}
	if wanted.aAddress.Masked() != wanted.bAddress.Masked() || wanted.aAddress == wanted.bAddress {
		return options{}, fmt.Errorf("%s and %s are not two addresses of one network", wanted.aAddress, wanted.bAddress)
	}
	return wanted, nil
}

func parseAddress(name, text string) (netip.Prefix, error) {
	address, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%s: %w", name, err)
	}
	if !address.Addr().Is4() || address.Bits() > 30 || address.Bits() < 8 {
		return netip.Prefix{}, fmt.Errorf("%s %q is no IPv4 address with 8 to 30 bits", name, text)
	}
	return address, nil
}

func probe(ctx context.Context, wanted options, stdout io.Writer) int {
	event := probeEvent{Event: "probe", Available: true}
	if err := run(ctx, wanted, io.Discard); err != nil {
		event = probeEvent{Event: "probe", Reason: err.Error()}
	}
	_ = printEvent(stdout, event)
	if !event.Available {
		return 1
	}
	return 0
}

func printEvent(stdout io.Writer, event any) error {
	if err := json.NewEncoder(stdout).Encode(event); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	return nil
}
