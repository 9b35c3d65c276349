package loopback

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func anyCore(t *testing.T) string {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for core := range 1024 {
		if set.IsSet(core) {
			return strconv.Itoa(core)
		}
	}
	t.Fatal("no core")
	return ""
}

func TestPrintsWhatARoundTripTakes(t *testing.T) {
	core := anyCore(t)
	var stdout, stderr bytes.Buffer
	code := Main([]string{"--cpus", core + "," + core, "--round-trips", "200", "--answer-bytes", "70000"}, nil, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var got result
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.RoundTrips != 200 || got.MedianNs <= 0 || got.P99Ns < got.MedianNs {
		t.Errorf("got %+v", got)
	}
}

func TestRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{{"--cpus", "0"}, {"--cpus", "a,b"}, {"--round-trips", "0"}} {
		var stdout, stderr bytes.Buffer
		if code := Main(args, nil, &stdout, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
	}
	var stdout, stderr bytes.Buffer
	if code := Main([]string{"--cpus", "1000,1001"}, nil, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "core 100") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}
