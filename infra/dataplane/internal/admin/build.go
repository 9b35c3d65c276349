package admin

import (
	"runtime/debug"
	"strings"
)

// build says how this binary was built, as the linker recorded it.
var build = readBuild(debug.ReadBuildInfo())

type buildMarks struct {
	withRace    int64
	unoptimised int64
}

// readBuild finds the race detector (-race) and compilation without optimisation or inlining (-gcflags -N or -l, which is
// how debuggers have it: https://pkg.go.dev/cmd/compile).
func readBuild(info *debug.BuildInfo, ok bool) buildMarks {
	var marks buildMarks
	if !ok {
		return marks
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "-race":
			if setting.Value == "true" {
				marks.withRace = 1
			}
		case "-gcflags":
			for _, flag := range strings.Fields(setting.Value) {
				// A pattern may stand before the first flag: all=-N.
				if _, after, found := strings.Cut(flag, "="); found && strings.HasPrefix(after, "-") {
					flag = after
				}
				if flag == "-N" || flag == "-l" {
					marks.unoptimised = 1
				}
			}
		}
	}
	return marks
}
