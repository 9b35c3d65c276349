package admin

import (
	"runtime/debug"
	"testing"
)

func TestReadBuildFindsWhatMustNotBeMeasured(t *testing.T) {
	for _, test := range []struct {
		name, key, value string
		want             buildMarks
	}{
		{"an ordinary build", "-compiler", "gc", buildMarks{}},
		{"the race detector", "-race", "true", buildMarks{withRace: 1}},
		{"no race detector", "-race", "false", buildMarks{}},
		{"no optimisation", "-gcflags", "-N -l", buildMarks{unoptimised: 1}},
		{"no optimisation anywhere", "-gcflags", "all=-N -l", buildMarks{unoptimised: 1}},
		{"no inlining", "-gcflags", "all=-l", buildMarks{unoptimised: 1}},
		{"flags that change no speed", "-gcflags", "-m", buildMarks{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: test.key, Value: test.value}}}
			if got := readBuild(info, true); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
	if got := readBuild(nil, false); got != (buildMarks{}) {
		t.Errorf("without a record: %+v", got)
	}
}
