package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"meshmark/dataplane/internal/bpf"
)

// printObjects lists what of meshmark is in the kernel, whoever holds it.
func printObjects(stdout io.Writer) error {
	programs, err := bpf.Programs()
	if err != nil {
		return err
	}
	maps, err := bpf.Maps()
	if err != nil {
		return err
	}
	links, err := bpf.Links(programs, func(link.Link) error { return nil })
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(map[string]any{
		"event": "objects", "programs": programs, "maps": maps, "links": links,
	})
}

// detachAll takes every program of meshmark off its hook while its owner goes on holding it.
func detachAll() error {
	programs, err := bpf.Programs()
	if err != nil {
		return err
	}
	if _, err := bpf.Links(programs, link.Link.Detach); err != nil {
		return err
	}
	maps, err := bpf.Maps()
	if err != nil {
		return err
	}
	for _, one := range maps {
		if err := detachFromMap(ebpf.MapID(one.ID)); err != nil {
			return err
		}
	}
	return nil
}

// detachFromMap takes the programs for what sockets send and receive off a table of sockets.
func detachFromMap(id ebpf.MapID) error {
	table, err := ebpf.NewMapFromID(id)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer table.Close()
	if table.Type() != ebpf.SockHash && table.Type() != ebpf.SockMap {
		return nil
	}
	for _, where := range []ebpf.AttachType{
		ebpf.AttachSkMsgVerdict, ebpf.AttachSkSKBStreamVerdict, ebpf.AttachSkSKBStreamParser, ebpf.AttachSkSKBVerdict,
	} {
		found, err := link.QueryPrograms(link.QueryOptions{Target: table.FD(), Attach: where})
		if err != nil {
			continue
		}
		for _, one := range found.Programs {
			program, err := ebpf.NewProgramFromID(one.ID)
			if err != nil {
				return err
			}
			err = link.RawDetachProgram(link.RawDetachProgramOptions{
				Target: table.FD(), Program: program, Attach: where,
			})
			program.Close()
			if err != nil {
				return fmt.Errorf("detach from map %d: %w", id, err)
			}
		}
	}
	return nil
}
