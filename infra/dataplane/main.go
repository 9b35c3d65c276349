// Command dataplane is the one Go binary of meshmark: the service behind the mesh, the sidecar under test, the
// load generator, and the two small processes that keep anything from outliving the harness.
//
//	dataplane service  --response-bytes 16384
//	dataplane sidecar  --role outbound --upstream 127.0.0.1:41234
//	dataplane loadgen  [--serve 127.0.0.1:9600]
//	dataplane ask      --address 127.0.0.1:41234 --certificate FILE --key FILE --ca FILE
//	dataplane launch   --parent 4711 -- command args…
//	dataplane guard
//	dataplane pin      --pid 4711 --cpus 0,2
//	dataplane keep-awake
//	dataplane kernel   --client-cgroup DIR --mesh-cgroup DIR --messages
//	dataplane wire     --delay 5ms
//	dataplane loopback --cpus 0,1
//	dataplane policy   --rules rules.json --latency 1ms
//	dataplane agent    --token-file FILE
//	dataplane about
//	dataplane version
//
// README.md beside this file says what each does; PROTOCOL.md how they are talked to.
package main

import (
	"fmt"
	"io"
	"os"

	"meshmark/dataplane/internal/about"
	"meshmark/dataplane/internal/agent"
	"meshmark/dataplane/internal/guard"
	"meshmark/dataplane/internal/keepawake"
	"meshmark/dataplane/internal/kernel"
	"meshmark/dataplane/internal/launch"
	"meshmark/dataplane/internal/loadgen"
	"meshmark/dataplane/internal/loopback"
	"meshmark/dataplane/internal/pin"
	"meshmark/dataplane/internal/policy"
	"meshmark/dataplane/internal/service"
	"meshmark/dataplane/internal/sidecar"
	"meshmark/dataplane/internal/wire"
)

// subcommand runs until it is told to end and returns the exit code of the process.
type subcommand func(args []string, stdin io.Reader, stdout, stderr io.Writer) int

var subcommands = map[string]subcommand{
	"service":    service.Main,
	"sidecar":    sidecar.Main,
	"loadgen":    loadgen.Main,
	"ask":        loadgen.Ask,
	"launch":     launch.Main,
	"guard":      guard.Main,
	"pin":        pin.Main,
	"keep-awake": keepawake.Main,
	"kernel":     kernel.Main,
	"wire":       wire.Main,
	"loopback":   loopback.Main,
	"policy":     policy.Main,
	"agent":      agent.Main,
	"about":      about.Main,
	"version":    printVersion,
}

const usage = "usage: dataplane service|sidecar|loadgen|ask|launch|guard|pin|keep-awake|kernel|wire|loopback|policy|agent|about|version [options]"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	run, known := subcommands[os.Args[1]]
	if !known {
		fmt.Fprintf(os.Stderr, "dataplane: no subcommand %q\n%s\n", os.Args[1], usage)
		os.Exit(2)
	}
	os.Exit(run(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
}
