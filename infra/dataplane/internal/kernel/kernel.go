// Package kernel is the agent that holds what meshmark puts into the kernel for one variant: eBPF programs on the cgroups
// of its clients and of its own processes, and nftables rules. Nothing is pinned: all of it vanishes with the process,
// however that ends.
//
//	dataplane kernel --client-cgroup DIR --mesh-cgroup DIR --messages --connect
//	dataplane kernel --probe     # what of it this machine allows, found out by attaching it
//	dataplane kernel --list      # what is in the kernel now that is ours
//
// The agent is told on its admin port which servers it is about (POST /endpoints), hands out virtual addresses that lead
// to them (POST /virtual), and takes the list of what is denied (PUT /policy); where all of it is known before, in a pod,
// it can be told by flags. PROTOCOL.md has the details.
package kernel

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"meshmark/dataplane/internal/serving"
)

// Options say what the agent does, and to whom.
type Options struct {
	Admin string
	// ClientCgroup and MeshCgroup are directories of cgroup v2; pod:DIR is that of the own pod below DIR.
	ClientCgroup string
	MeshCgroup   string
	// Messages hands bytes over beneath TCP/IP where both ends are in the two cgroups.
	Messages bool
	// Connect sends connections to virtual addresses on to real ones.
	Connect bool
	// OriginalDestination tells whoever accepts such a connection where it was going.
	OriginalDestination bool
	// Redirect does what Connect does by nftables, for comparison.
	Redirect bool
	// Policy refuses what is denied.
	Policy bool
	// Endpoints (NAME=ADDRESS), Virtual (FROM=TO) and Deny hold from the start.
	Endpoints, Virtual, Deny []string
}

func (o Options) validate() error {
	switch {
	case o.ClientCgroup == "" || o.MeshCgroup == "":
		return errors.New("--client-cgroup and --mesh-cgroup are needed: programs are attached to cgroups")
	case !o.Messages && !o.Connect && !o.Redirect && !o.Policy:
		return errors.New("nothing to do: give --messages, --connect, --redirect or --policy")
	case o.OriginalDestination && !o.Connect:
		return errors.New("--original-destination needs --connect; nftables tells it by itself")
	case o.Redirect && o.Policy:
		return errors.New("--policy needs --connect to know where connections were going, which --redirect does not tell it")
	case o.Redirect && o.Connect:
		return errors.New("--redirect and --connect are two ways to the same end; give one")
	case len(o.Deny) > 0 && !o.Policy:
		return errors.New("--deny needs --policy")
	}
	return nil
}

// ErrNotSupported is what every function of this package returns where there is no eBPF; it names what is missing.
var ErrNotSupported = errors.New("needs Linux")

// Main runs the agent until SIGTERM, or one of its questions, and returns the process's exit code.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("kernel", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var options Options
	flags.StringVar(&options.Admin, "admin", "127.0.0.1:0", "`host:port` of the admin port")
	flags.StringVar(&options.ClientCgroup, "client-cgroup", "", "cgroup `directory` of the variant's clients; pod:DIR for the own pod's below DIR")
	flags.StringVar(&options.MeshCgroup, "mesh-cgroup", "", "cgroup `directory` of the variant's own processes; pod:DIR as well")
	flags.BoolVar(&options.Messages, "messages", false, "hand bytes over beneath TCP/IP (sockops, sk_msg)")
	flags.BoolVar(&options.Connect, "connect", false, "redirect connections to virtual addresses (cgroup connect hooks)")
	flags.BoolVar(&options.OriginalDestination, "original-destination", false,
		"answer SO_ORIGINAL_DST for redirected connections")
	flags.BoolVar(&options.Redirect, "redirect", false, "redirect connections to virtual addresses by nftables")
	flags.BoolVar(&options.Policy, "policy", false, "refuse connections, packets and messages of what is denied")
	flags.Func("endpoint", "`NAME=ADDRESS` of a server that is its business from the start (repeatable)", into(&options.Endpoints))
	flags.Func("virtual", "`FROM=TO`: an address of loopback that leads to another from the start (repeatable)",
		into(&options.Virtual))
	flags.Func("deny", "with --policy: `ADDRESS` that is denied from the start (repeatable)", into(&options.Deny))
	probe := flags.Bool("probe", false, "print what of this can be attached here, and end")
	list := flags.Bool("list", false, "print which programs, maps and links of meshmark are in the kernel, and end")
	detach := flags.Bool("detach", false, "for tests of meshmark: take all its programs off their hooks, and end")
	if code, ok := serving.Parse(flags, args); !ok {
		return code
	}
	fail := func(code int, err error) int {
		fmt.Fprintf(stderr, "dataplane kernel: %v\n", err)
		return code
	}
	question := func(err error) int {
		if err != nil {
			return fail(1, err)
		}
		return 0
	}
	switch {
	case *probe:
		return question(printProbe(stdout))
	case *list:
		return question(printObjects(stdout))
	case *detach:
		return question(detachAll())
	}
	if err := options.validate(); err != nil {
		return fail(2, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, options, stdout); err != nil {
		return fail(1, err)
	}
	return 0
}

// into is a flag that may be given several times.
func into(list *[]string) func(string) error {
	return func(value string) error {
		*list = append(*list, value)
		return nil
	}
}
