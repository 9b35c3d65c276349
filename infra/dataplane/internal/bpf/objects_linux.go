package bpf

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// ownPrefix begins the name of every program and map of meshmark.
const ownPrefix = "mm_"

// Object is something in the kernel; a link has the name of its program.
type Object struct {
	ID   uint32 `json:"id"`
	Name string `json:"name"`
}

// Programs lists the programs of meshmark that the kernel holds, whoever brought them.
func Programs() ([]Object, error) {
	programs := []Object{}
	for id := ebpf.ProgramID(0); ; {
		next, err := ebpf.ProgramGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			return programs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list programs: %w", err)
		}
		id = next
		program, err := ebpf.NewProgramFromID(id)
		if err != nil {
			continue
		}
		if info, err := program.Info(); err == nil && strings.HasPrefix(info.Name, ownPrefix) {
			programs = append(programs, Object{uint32(id), info.Name})
		}
		program.Close()
	}
}

// Maps lists the maps of meshmark that the kernel holds.
func Maps() ([]Object, error) {
	maps := []Object{}
	for id := ebpf.MapID(0); ; {
		next, err := ebpf.MapGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			return maps, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list maps: %w", err)
		}
		id = next
		table, err := ebpf.NewMapFromID(id)
		if err != nil {
			continue
		}
		if info, err := table.Info(); err == nil && strings.HasPrefix(info.Name, ownPrefix) {
			maps = append(maps, Object{uint32(id), info.Name})
		}
		table.Close()
	}
}

// Links lists the links that hold one of the programs, after doing something to each.
func Links(programs []Object, do func(link.Link) error) ([]Object, error) {
	names := map[uint32]string{}
	for _, one := range programs {
		names[one.ID] = one.Name
	}
	links := []Object{}
	var iterator link.Iterator
	defer iterator.Close()
	for iterator.Next() {
		info, err := iterator.Link.Info()
		if err != nil {
			continue
		}
		name, own := names[uint32(info.Program)]
		if !own {
			continue
		}
		links = append(links, Object{uint32(info.ID), name})
		if err := do(iterator.Link); err != nil {
			return nil, fmt.Errorf("link %d of %s: %w", info.ID, name, err)
		}
	}
	return links, iterator.Err()
}
