// Package pin moves every thread of a running process to some cores.
//
//	dataplane pin --pid 4711 --cpus 0,2
//
// The harness does this to itself: Node has no call for it, and its garbage collector's threads must not run where a
// data plane is measured.
package pin

import (
	"flag"
	"fmt"
	"io"

	"meshmark/dataplane/internal/launch"
)

// Main exits with 0 when every thread was moved, else with 1 and one line on stderr.
func Main(args []string, _ io.Reader, _, stderr io.Writer) int {
	if err := run(args); err != nil {
		fmt.Fprintf(stderr, "dataplane pin: %v\n", err)
		return 1
	}
	return 0
}

func run(args []string) error {
	flags := flag.NewFlagSet("pin", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	pid := flags.Int("pid", 0, "`process` whose threads are moved")
	list := flags.String("cpus", "", "`list` of cores to run on, such as 0,2")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cpus, err := launch.ParseCPUs(*list)
	if err != nil {
		return err
	}
	if *pid <= 0 || len(cpus) == 0 {
		return fmt.Errorf("both --pid and --cpus are needed")
	}
	return moveThreads(*pid, cpus)
}
