//go:build !linux

package loopback

import (
	"fmt"
	"io"
)

// Main says that this needs Linux.
func Main(_ []string, _ io.Reader, _, stderr io.Writer) int {
	fmt.Fprintln(stderr, "dataplane loopback: needs Linux, for threads that stay on their cores")
	return 1
}
