// Package launch becomes a command that cannot outlive its parent.
//
//	dataplane launch --parent 4711 --cgroup /sys/fs/cgroup/meshmark-1/plain --cpus 0,2 -- haproxy -f haproxy.cfg
//
// It places itself (cgroup, cores, network namespace, the kernel's death signal) and then replaces itself by the command, so that the
// pid its parent knows, and every signal sent to it, are the command's own. A part that cannot be done is one line on
// stderr and exit code 125: a command that would run in the wrong place must not run.
//
// The kernel sends the death signal when the *thread* that started the process ends; Node starts processes from its
// main thread, which lives as long as the process.
package launch

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// exitNotPlaced is the exit code when the command was not started, as env(1) and timeout(1) have it.
const exitNotPlaced = 125

type placement struct {
	parent int
	// cgroup is a cgroup v2 directory, or empty.
	cgroup string
	// cpus is empty when the command may run on any.
	cpus []int
	// netns is the file of a network namespace, or empty.
	netns string
}

// Main does not return when all went well: the process is then the command.
func Main(args []string, _ io.Reader, _, stderr io.Writer) int {
	if err := run(args); err != nil {
		fmt.Fprintf(stderr, "dataplane launch: %v\n", err)
		return exitNotPlaced
	}
	return 0
}

func run(args []string) error {
	flags := flag.NewFlagSet("launch", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var wanted placement
	flags.IntVar(&wanted.parent, "parent", 0, "pid of the process that this one must not outlive")
	flags.StringVar(&wanted.cgroup, "cgroup", "", "cgroup v2 `directory` to join")
	flags.StringVar(&wanted.netns, "netns", "", "`file` of the network namespace to run in, such as /proc/4711/ns/net")
	cpus := flags.String("cpus", "", "`list` of cores to run on, such as 0,2")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if wanted.parent <= 0 {
		return fmt.Errorf("--parent must be a pid, got %d", wanted.parent)
	}
	var err error
	if wanted.cpus, err = ParseCPUs(*cpus); err != nil {
		return err
	}
	command := flags.Args()
	if len(command) == 0 {
		return fmt.Errorf("no command after --")
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find the command: %w", err)
	}
	// Death signal, affinity and network namespace belong to a thread; exec keeps those of the thread that calls it.
	runtime.LockOSThread()
	if err := place(wanted); err != nil {
		return err
	}
	if err := syscall.Exec(path, command, os.Environ()); err != nil {
		return fmt.Errorf("start %s: %w", path, err)
	}
	return nil
}

// ParseCPUs reads "0,2" as sorted core numbers without repeats.
func ParseCPUs(list string) ([]int, error) {
	if list == "" {
		return nil, nil
	}
	var cpus []int
	for _, word := range strings.Split(list, ",") {
		cpu, err := strconv.Atoi(word)
		if err != nil || cpu < 0 {
			return nil, fmt.Errorf("--cpus %q: %q is no core number", list, word)
		}
		cpus = append(cpus, cpu)
	}
	slices.Sort(cpus)
	return slices.Compact(cpus), nil
}
