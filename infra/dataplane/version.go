package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// printVersion prints what the binary was built with: Go, platform, and the version of each module in it.
func printVersion(_ []string, _ io.Reader, stdout, _ io.Writer) int {
	fmt.Fprintf(stdout, "dataplane %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			fmt.Fprintf(stdout, "%s %s\n", module.Path, module.Version)
		}
	}
	return 0
}
