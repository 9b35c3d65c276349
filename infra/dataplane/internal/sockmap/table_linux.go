package sockmap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"

	"meshmark/dataplane/internal/bpf"
)

// Table is a process's sockets and the programs that forward between them.
type Table struct {
	objects bpf.SockmapObjects
	// listing is the link by which the sockops program hangs on the cgroup.
	listing link.Link
	// onTable are the programs that hang on the table of sockets, by how they were attached.
	onTable map[ebpf.AttachType]ebpf.ProgramID
	// behind tells the sources whose peers fall too far behind; directions are those that the kernel forwards, by source.
	behind     *ringbuf.Reader
	directions sync.Map
	telling    sync.WaitGroup
}

// Open loads and attaches the programs. They act in that cgroup alone, on connections accepted at that address and on
// those that Dialer opens.
func Open(cgroup string, listening net.Addr) (*Table, error) {
	own, err := describeListener(listening)
	if err != nil {
		return nil, err
	}
	if err := checkCgroup(cgroup); err != nil {
		return nil, err
	}
	if err := checkInside(cgroup); err != nil {
		return nil, err
	}
	return open(cgroup, own)
}

func open(cgroup string, own bpf.SockmapMmSkListener) (*Table, error) {
	if err := checkCgroup(cgroup); err != nil {
		return nil, err
	}
	// Needed below Linux 5.11 only, where a failure shows when the tables are made.
	_ = rlimit.RemoveMemlock()
	table := &Table{onTable: map[ebpf.AttachType]ebpf.ProgramID{}}
	if err := bpf.LoadSockmapObjects(&table.objects, nil); err != nil {
		return nil, explain("load the programs", err)
	}
	if err := table.attach(cgroup, own); err != nil {
		table.Close()
		return nil, err
	}
	table.telling.Go(table.handBack)
	return table, nil
}

// handBack has user space go on with what the kernel is told to leave, until the table is closed.
func (t *Table) handBack() {
	for {
		record, err := t.behind.Read()
		if err != nil {
			return
		}
		if len(record.RawSample) < 8 {
			continue
		}
		if found, ok := t.directions.Load(binary.NativeEndian.Uint64(record.RawSample)); ok {
			found.(*direction).takeBack()
		}
	}
}

// attach is in such an order that no socket is listed before the programs that its bytes go through are there.
func (t *Table) attach(cgroup string, own bpf.SockmapMmSkListener) error {
	if err := t.objects.MmSkListen.Put(uint32(0), own); err != nil {
		return explain("say where the sidecar listens", err)
	}
	var err error
	if t.behind, err = ringbuf.NewReader(t.objects.MmSkBehind); err != nil {
		return explain("listen to the programs", err)
	}
	for _, part := range []struct {
		what    string
		program *ebpf.Program
		attach  ebpf.AttachType
	}{
		{"attach the stream parser", t.objects.MmSkParser, ebpf.AttachSkSKBStreamParser},
		{"attach the stream verdict", t.objects.MmSkVerdict, ebpf.AttachSkSKBStreamVerdict},
	} {
		if err := link.RawAttachProgram(link.RawAttachProgramOptions{
			Target: t.objects.MmSkSources.FD(), Program: part.program, Attach: part.attach,
		}); err != nil {
			return explain(part.what, err)
		}
		info, err := part.program.Info()
		if err != nil {
			return explain(part.what, err)
		}
		t.onTable[part.attach], _ = info.ID()
	}
	t.listing, err = link.AttachCgroup(link.CgroupOptions{
		Path: cgroup, Program: t.objects.MmSkOps, Attach: ebpf.AttachCGroupSockOps,
	})
	if err != nil {
		return explain("attach to the cgroup", err)
	}
	// Without a link the program would stay on the cgroup when the process is killed.
	if _, err := t.listing.Info(); err != nil {
		return fmt.Errorf("attach to the cgroup by a link, which needs Linux 5.7: %w", err)
	}
	return nil
}

// Close detaches the programs. Connections that are still forwarded are to be broken off.
func (t *Table) Close() error {
	var errs [2]error
	if t.listing != nil {
		errs[0] = t.listing.Close()
	}
	if t.behind != nil {
		errs[1] = t.behind.Close()
	}
	t.telling.Wait()
	if err := errors.Join(errs[0], errs[1], t.objects.Close()); err != nil {
		return fmt.Errorf("close the table of sockets: %w", err)
	}
	return nil
}

// Attached asks the kernel how many of the programs are where they were attached.
func (t *Table) Attached() int {
	attached := 0
	if info, err := t.listing.Info(); err == nil {
		// A link that was detached, or whose cgroup was removed, lives on without a cgroup.
		if at := info.Cgroup(); at != nil && at.CgroupId != 0 {
			attached++
		}
	}
	for attach, own := range t.onTable {
		found, err := link.QueryPrograms(link.QueryOptions{Target: t.objects.MmSkSources.FD(), Attach: attach})
		if err == nil && slices.ContainsFunc(found.Programs, func(there link.AttachedProgram) bool { return there.ID == own }) {
			attached++
		}
	}
	return attached
}

// Forwarded is how many bytes the kernel has sent on: of requests, and of answers.
func (t *Table) Forwarded() (requests, answers int64, err error) {
	for which, sum := range []*int64{&requests, &answers} {
		var ofCPUs []uint64
		if err := t.objects.MmSkBytes.Lookup(uint32(which), &ofCPUs); err != nil {
			return 0, 0, fmt.Errorf("read the forwarded bytes: %w", err)
		}
		for _, count := range ofCPUs {
			*sum += int64(count)
		}
	}
	return requests, answers, nil
}

// describeListener is the listening address as the programs compare it.
func describeListener(listening net.Addr) (bpf.SockmapMmSkListener, error) {
	var own bpf.SockmapMmSkListener
	address, ok := listening.(*net.TCPAddr)
	if !ok || address.Port == 0 {
		return own, fmt.Errorf("no TCP address to accept at: %v", listening)
	}
	own.Port = uint32(address.Port)
	bytes := address.IP.To4()
	switch {
	case address.IP == nil || address.IP.IsUnspecified():
		own.Any = 1
		return own, nil
	case bytes == nil:
		own.Six = 1
		bytes = address.IP.To16()
	}
	for i := 0; i < len(bytes); i += 4 {
		own.Address[i/4] = binary.NativeEndian.Uint32(bytes[i:])
	}
	return own, nil
}
