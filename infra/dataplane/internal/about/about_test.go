package about

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestTellsThisMachine(t *testing.T) {
	var said, complaints strings.Builder
	if code := Main(nil, nil, &said, &complaints); code != 0 || complaints.Len() > 0 {
		t.Fatalf("exit code %d, said %q", code, complaints.String())
	}
	var got Machine
	if err := json.Unmarshal([]byte(said.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Event != "about" || got.Arch != runtime.GOARCH || got.Cores < 1 || got.GoVersion != runtime.Version() {
		t.Errorf("%+v", got)
	}
	if runtime.GOOS == "linux" && (got.Kernel == nil || got.BootID == nil || len(*got.BootID) != 36 || got.MemoryBytes == nil) {
		t.Errorf("%+v", got)
	}
}

func TestReadsWhatIsThere(t *testing.T) {
	files := map[string]string{
		"/proc/cpuinfo":              "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu hypervisor sse\n\nprocessor\t: 1\nmodel name\t: Other\n",
		"/proc/meminfo":              "MemTotal:       2048 kB\nMemFree:  1 kB\n",
		"/proc/sys/kernel/osrelease": "6.1.0\n",
	}
	got := read(func(path string) ([]byte, error) {
		content, found := files[path]
		if !found {
			return nil, errors.New("no such file")
		}
		return []byte(content), nil
	})
	if *got.CPUModel != "Some CPU @ 2 GHz" || !got.Hypervisor || *got.MemoryBytes != 2048*1024 || *got.Kernel != "6.1.0" {
		t.Errorf("%+v", got)
	}
	if got.BootID != nil || got.Governor != nil {
		t.Errorf("something was made up: %+v", got)
	}
}
