// Package wait is `dataplane wait`: the first process of a container whose work is started in it later, from outside.
//
//	dataplane wait
package wait

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main waits for SIGTERM or an interrupt, and returns the process's exit code.
func Main(_ []string, _ io.Reader, _, _ io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	<-ctx.Done()
	return 0
}
