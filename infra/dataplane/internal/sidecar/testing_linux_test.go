package sidecar

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"meshmark/dataplane/internal/bpf"
)

func openFile(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// heldBy tells whether the process has a descriptor of that map.
func heldBy(t *testing.T, pid int, id ebpf.MapID) bool {
	t.Helper()
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), fmt.Sprintf("map_id:\t%d\n", id)) {
			return true
		}
	}
	return false
}

// kernelObjects are the names of the programs and maps of this machine that a sidecar of ours has.
func kernelObjects(t *testing.T) (found []string) {
	t.Helper()
	programs, err := bpf.Programs()
	if err != nil {
		t.Fatal(err)
	}
	maps, err := bpf.Maps()
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range append(programs, maps...) {
		if strings.HasPrefix(object.Name, "mm_sk_") {
			found = append(found, object.Name)
		}
	}
	return found
}

func programsOf(t *testing.T, cgroup string) int {
	t.Helper()
	directory := openFile(t, cgroup)
	found, err := link.QueryPrograms(link.QueryOptions{Target: int(directory.Fd()), Attach: ebpf.AttachCGroupSockOps})
	if err != nil {
		t.Fatal(err)
	}
	return len(found.Programs)
}

// detachFromCgroup detaches what hangs on the cgroup, as an administrator could.
func detachFromCgroup(t *testing.T, cgroup string) {
	t.Helper()
	detached := false
	for links := new(link.Iterator); links.Next(); {
		info, err := links.Link.Info()
		if err != nil {
			continue
		}
		if at := info.Cgroup(); at != nil && at.CgroupId == inode(t, cgroup) {
			if err := links.Link.Detach(); err != nil {
				t.Fatal(err)
			}
			detached = true
		}
	}
	if !detached {
		t.Fatal("no link was found on the cgroup")
	}
}

// detachFromSources detaches a program from the table of sources. Other sidecars' tables would have their own.
func detachFromSources(t *testing.T, program string, attach ebpf.AttachType, pid int) {
	t.Helper()
	for id := ebpf.MapID(0); ; {
		next, err := ebpf.MapGetNextID(id)
		if err != nil {
			break
		}
		id = next
		table, err := ebpf.NewMapFromID(id)
		if err != nil {
			continue
		}
		defer table.Close()
		info, err := table.Info()
		if err != nil || info.Name != "mm_sk_sources" || !heldBy(t, pid, id) {
			continue
		}
		there, err := link.QueryPrograms(link.QueryOptions{Target: table.FD(), Attach: attach})
		if err != nil || len(there.Programs) != 1 {
			t.Fatalf("%v, %v", there, err)
		}
		held, err := ebpf.NewProgramFromID(there.Programs[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		if err := link.RawDetachProgram(link.RawDetachProgramOptions{Target: table.FD(), Program: held, Attach: attach}); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("found no table to detach %s from", program)
}
