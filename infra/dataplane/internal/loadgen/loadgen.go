// Package loadgen is the slice engine.
package loadgen

import "io"

// Main runs the engine until stdin ends and returns the process's exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int { return 2 }
