package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/bpf"
	"meshmark/dataplane/internal/podcgroup"
	"meshmark/dataplane/internal/serving"
)

// agent is what stands in the kernel for one variant, and what is known of it here.
type agent struct {
	options Options
	objects bpf.AgentObjects
	hooks   []hook
	rules   *redirection

	mutex     sync.Mutex
	endpoints []registered
	// reserved keeps virtual addresses from being taken by others.
	reserved map[netip.AddrPort]*os.File
	denied   []netip.AddrPort
	version  int
	closers  []io.Closer
}

// registered is a server of the path; its place in the programs' counts is its index plus one.
type registered struct {
	name    string
	address netip.AddrPort
}

// hook is a program on something, with a way to find out whether it is still there.
type hook struct {
	name     string
	attached func() bool
}

func run(ctx context.Context, options Options, stdout io.Writer) error {
	var err error
	if options.ClientCgroup, err = podcgroup.Resolve(options.ClientCgroup); err != nil {
		return fmt.Errorf("--client-cgroup: %w", err)
	}
	if options.MeshCgroup, err = podcgroup.Resolve(options.MeshCgroup); err != nil {
		return fmt.Errorf("--mesh-cgroup: %w", err)
	}
	agent, err := start(options)
	if err != nil {
		return err
	}
	defer agent.close()
	if err := agent.tellFlags(); err != nil {
		return err
	}
	handler := admin.HandlerOf("kernel", func() any { return agent.witness() })
	agent.addRoutes(handler)
	return serving.RunAdmin(ctx, options.Admin, stdout, handler)
}

// start loads and attaches what the options ask for. Its error names the feature, and what is missing for it.
func start(options Options) (*agent, error) {
	a := &agent{options: options, reserved: map[netip.AddrPort]*os.File{}}
	if options.Messages || options.Connect || options.Policy {
		if err := a.load(); err != nil {
			a.close()
			return nil, err
		}
	}
	if options.Redirect {
		rules, err := startRedirection()
		if err != nil {
			a.close()
			return nil, fmt.Errorf("redirect: %w", err)
		}
		a.rules = rules
	}
	return a, nil
}

func (a *agent) close() {
	for _, closer := range slices.Backward(a.closers) {
		closer.Close()
	}
	a.objects.Close()
	for _, file := range a.reserved {
		file.Close()
	}
	if a.rules != nil {
		a.rules.close()
	}
}

// load brings the programs that are asked for into the kernel and attaches each to where it belongs.
func (a *agent) load() error {
	// Kernels before 5.11 count maps against this limit; on later ones it may be refused and does not matter.
	_ = rlimit.RemoveMemlock()
	origins := a.options.OriginalDestination || a.options.Policy
	spec, err := bpf.LoadAgent()
	if err != nil {
		return err
	}
	for variable, on := range map[string]bool{
		"mm_with_messages": a.options.Messages, "mm_with_origins": origins, "mm_with_policy": a.options.Policy,
	} {
		value := uint8(0)
		if on {
			value = 1
		}
		if err := spec.Variables[variable].Set(value); err != nil {
			return fmt.Errorf("%s: %w", variable, err)
		}
	}
	wanted := a.attachments(origins)
	for name := range spec.Programs {
		if !slices.ContainsFunc(wanted, func(one attachment) bool { return one.program == name }) {
			delete(spec.Programs, name)
		}
	}
	collection, err := ebpf.NewCollection(spec)
	if err != nil {
		return fmt.Errorf("%s: %w", a.featureNames(), explain(err))
	}
	a.closers = append(a.closers, closing(collection.Close))
	a.take(collection)
	for _, one := range wanted {
		if err := a.attach(collection, one); err != nil {
			return fmt.Errorf("%s: %w", one.feature, explain(err))
		}
	}
	return nil
}

// take keeps the maps that are used from here; they are closed with the collection.
func (a *agent) take(collection *ebpf.Collection) {
	maps := collection.Maps
	a.objects.AgentMaps = bpf.AgentMaps{
		MmCounted: maps["mm_counted"], MmDenied: maps["mm_denied"], MmEndpoints: maps["mm_endpoints"],
		MmOrigins: maps["mm_origins"], MmSockets: maps["mm_sockets"], MmVirtual: maps["mm_virtual"],
		MmWanted: maps["mm_wanted"],
	}
}

type closing func()

func (c closing) Close() error {
	c()
	return nil
}

// attachment is a program and where it goes.
type attachment struct {
	feature string
	program string
	where   ebpf.AttachType
	// cgroups are directories; none for the program of a map.
	cgroups []string
}

// attachments lists what the options ask for. The client's cgroup is shared with other variants, so that only what
// happens once for a connection is attached there; what happens for each packet is attached to the variant's own.
func (a *agent) attachments(origins bool) []attachment {
	mesh := []string{a.options.MeshCgroup}
	both := mesh
	if a.options.ClientCgroup != a.options.MeshCgroup {
		both = append([]string{a.options.ClientCgroup}, mesh...)
	}
	var list []attachment
	if a.options.Connect || a.options.Policy {
		list = append(list,
			attachment{"connect", "mm_connect4", ebpf.AttachCGroupInet4Connect, both},
			attachment{"connect", "mm_connect6", ebpf.AttachCGroupInet6Connect, both},
			attachment{"connect", "mm_getpeername4", ebpf.AttachCgroupInet4GetPeername, both},
			attachment{"connect", "mm_getpeername6", ebpf.AttachCgroupInet6GetPeername, both})
	}
	if a.options.Policy {
		list = append(list,
			attachment{"policy", "mm_egress", ebpf.AttachCGroupInetEgress, mesh},
			attachment{"policy", "mm_ingress", ebpf.AttachCGroupInetIngress, mesh})
	}
	if a.options.OriginalDestination {
		list = append(list, attachment{"original-destination", "mm_getsockopt", ebpf.AttachCGroupGetsockopt, mesh})
	}
	if a.options.Messages {
		// Before the sockets come, so that none is in the table without it.
		list = append(list, attachment{"messages", "mm_message", ebpf.AttachSkMsgVerdict, nil})
	}
	if a.options.Messages || origins {
		feature := "messages"
		if !a.options.Messages {
			feature = "original-destination"
		}
		list = append(list, attachment{feature, "mm_established", ebpf.AttachCGroupSockOps, both})
	}
	return list
}

func (a *agent) attach(collection *ebpf.Collection, one attachment) error {
	program := collection.Programs[one.program]
	if one.cgroups == nil {
		sockets := collection.Maps["mm_sockets"]
		attached := func() bool { return queriedOn(sockets.FD(), one.where, program) }
		err := link.RawAttachProgram(link.RawAttachProgramOptions{
			Target: sockets.FD(), Program: program, Attach: one.where,
		})
		if err != nil {
			return err
		}
		a.hooks = append(a.hooks, hook{one.program, attached})
		return nil
	}
	for _, cgroup := range one.cgroups {
		held, err := link.AttachCgroup(link.CgroupOptions{Path: cgroup, Attach: one.where, Program: program})
		if err != nil {
			return err
		}
		a.closers = append(a.closers, held)
		a.hooks = append(a.hooks, hook{one.program, func() bool { return heldByCgroup(held) }})
	}
	return nil
}

// heldByCgroup tells whether a link still joins its program to a cgroup: one that was detached has none.
func heldByCgroup(held link.Link) bool {
	info, err := held.Info()
	if err != nil {
		return false
	}
	cgroup := info.Cgroup()
	return cgroup != nil && cgroup.CgroupId != 0
}

// queriedOn tells whether a program is on a map.
func queriedOn(mapFD int, where ebpf.AttachType, program *ebpf.Program) bool {
	info, err := program.Info()
	if err != nil {
		return false
	}
	id, _ := info.ID()
	found, err := link.QueryPrograms(link.QueryOptions{Target: mapFD, Attach: where})
	return err == nil && slices.ContainsFunc(found.Programs, func(one link.AttachedProgram) bool { return one.ID == id })
}

// featureNames are those that were asked for, for an error that concerns all of them.
func (a *agent) featureNames() string {
	switch {
	case a.options.Messages:
		return "messages"
	case a.options.Policy:
		return "policy"
	default:
		return "connect"
	}
}

// explain turns an error of loading or attaching into one line that says what is missing.
func explain(err error) error {
	var verifier *ebpf.VerifierError
	switch {
	case errors.As(err, &verifier):
		return fmt.Errorf("the kernel's verifier refuses a program: %w", verifier)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("needs CAP_BPF and CAP_NET_ADMIN (be root): %w", err)
	case errors.Is(err, ebpf.ErrNotSupported):
		return fmt.Errorf("the kernel lacks an option (CONFIG_BPF_SYSCALL, CONFIG_CGROUP_BPF, CONFIG_NET_SOCK_MSG): %w", err)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("needs a cgroup v2 that is mounted: %w", err)
	}
	return err
}
