// Package about is `dataplane about`: what the machine is that it runs on, as one line of JSON. A harness that is elsewhere
// learns from it what a reader needs to judge whether two runs can be compared, and whether two processes share a clock.
//
//	dataplane about
package about

import (
	"encoding/json"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is what one machine says of itself. What cannot be read is nil.
type Machine struct {
	Event     string `json:"event"`
	Hostname  string `json:"hostname"`
	Platform  string `json:"platform"`
	Arch      string `json:"arch"`
	GoVersion string `json:"goVersion"`
	// Cores are those that a program without limits may use.
	Cores       int     `json:"cores"`
	Kernel      *string `json:"kernel"`
	CPUModel    *string `json:"cpuModel"`
	MemoryBytes *int64  `json:"memoryBytes"`
	Governor    *string `json:"governor"`
	Hypervisor  bool    `json:"hypervisor"`
	// BootID is the same for all that share a kernel since its start, and so its clocks (random(4)).
	BootID *string `json:"bootId"`
}

// Main prints the machine and returns the process's exit code.
func Main(_ []string, _ io.Reader, stdout, stderr io.Writer) int {
	if err := json.NewEncoder(stdout).Encode(This()); err != nil {
		_, _ = io.WriteString(stderr, "dataplane about: "+err.Error()+"\n")
		return 1
	}
	return 0
}

// This is the machine that this process runs on.
func This() Machine { return read(os.ReadFile) }

func read(readFile func(string) ([]byte, error)) Machine {
	text := func(path string) *string {
		content, err := readFile(path)
		if err != nil {
			return nil
		}
		trimmed := strings.TrimSpace(string(content))
		return &trimmed
	}
	hostname, _ := os.Hostname()
	info := text("/proc/cpuinfo")
	machine := Machine{
		Event: "about", Hostname: hostname, Platform: runtime.GOOS, Arch: runtime.GOARCH, GoVersion: runtime.Version(),
		Cores:    runtime.NumCPU(),
		Kernel:   text("/proc/sys/kernel/osrelease"),
		BootID:   text("/proc/sys/kernel/random/boot_id"),
		Governor: text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
	}
	if info != nil {
		machine.CPUModel = field(*info, "model name")
		flags := field(*info, "flags")
		machine.Hypervisor = flags != nil && strings.Contains(" "+*flags+" ", " hypervisor ")
	}
	if memory := text("/proc/meminfo"); memory != nil {
		if total := field(*memory, "MemTotal"); total != nil {
			if kib, err := strconv.ParseInt(strings.TrimSuffix(*total, " kB"), 10, 64); err == nil {
				bytes := kib * 1024
				machine.MemoryBytes = &bytes
			}
		}
	}
	return machine
}

// field is the first value of a name in lines of `name: value`; nil when there is none.
func field(text, name string) *string {
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			trimmed := strings.TrimSpace(value)
			return &trimmed
		}
	}
	return nil
}
