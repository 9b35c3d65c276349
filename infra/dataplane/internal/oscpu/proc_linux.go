package oscpu

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// auxClockTicks is AT_CLKTCK in the auxiliary vector (include/uapi/linux/auxvec.h).
const auxClockTicks = 17

// tickMicros is the length of one tick of /proc in µs. The kernel hands the number of ticks a second to every process
// in its auxiliary vector, where sysconf(_SC_CLK_TCK) takes it from; it is 100 on every architecture in use, which is
// also what is assumed when the vector cannot be read.
var tickMicros = sync.OnceValue(func() int64 {
	const usual = 1_000_000 / 100
	vector, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return usual
	}
	word := int(unsafe.Sizeof(uintptr(0)))
	read := func(at int) uint64 {
		if word == 4 {
			return uint64(binary.NativeEndian.Uint32(vector[at:]))
		}
		return binary.NativeEndian.Uint64(vector[at:])
	}
	for at := 0; at+2*word <= len(vector); at += 2 * word {
		if read(at) == auxClockTicks {
			if ticks := read(at + word); ticks > 0 {
				return int64(1_000_000 / ticks)
			}
		}
	}
	return usual
})

// Stat returns a process's user and system time from /proc/PID/stat, exited threads included, to a tick (10 ms).
func Stat(pid int) (Times, bool) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Times{}, false
	}
	return parseStat(content)
}

func parseStat(content []byte) (Times, bool) {
	// The command's name stands in parentheses and may itself hold spaces and parentheses: start behind the last one.
	end := bytes.LastIndexByte(content, ')')
	if end < 0 {
		return Times{}, false
	}
	// proc_pid_stat(5): utime is field 14 and stime 15; the first one behind the name is field 3.
	fields := bytes.Fields(content[end+1:])
	if len(fields) < 13 {
		return Times{}, false
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	if err1 != nil || err2 != nil {
		return Times{}, false
	}
	return Times{UserMicros: user * tickMicros(), SystemMicros: system * tickMicros()}, true
}

// Switches returns the context switches of a process's living threads, added up.
func Switches(pid int) (SwitchCounts, bool) {
	directory := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(directory)
	if err != nil {
		return SwitchCounts{}, false
	}
	var sum SwitchCounts
	for _, thread := range threads {
		content, err := os.ReadFile(directory + "/" + thread.Name() + "/status")
		if err != nil {
			continue // It exited since the directory was read.
		}
		fields := statusFields(content)
		sum.Voluntary += fields["voluntary_ctxt_switches"]
		sum.Involuntary += fields["nonvoluntary_ctxt_switches"]
	}
	return sum, true
}

// MemoryOf returns a process's resident memory from /proc/PID/status. ok is false for one that is gone or a zombie,
// which has none.
func MemoryOf(pid int) (Memory, bool) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, false
	}
	fields := statusFields(content)
	now, ok := fields["VmRSS"]
	if !ok {
		return Memory{}, false
	}
	return Memory{RSSBytes: now * 1024, RSSPeakBytes: fields["VmHWM"] * 1024}, true
}

// statusFields returns the numeric fields of a status file, units dropped.
func statusFields(content []byte) map[string]int64 {
	fields := make(map[string]int64)
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		name, rest, found := strings.Cut(lines.Text(), ":")
		if !found {
			continue
		}
		words := strings.Fields(rest)
		if len(words) == 0 {
			continue
		}
		if value, err := strconv.ParseInt(words[0], 10, 64); err == nil {
			fields[name] = value
		}
	}
	return fields
}

// Cores returns the time each online core has spent, from /proc/stat.
func Cores() ([]Core, bool) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return nil, false
	}
	return parseCores(content), true
}

func parseCores(content []byte) []Core {
	var cores []Core
	lines := bufio.NewScanner(bytes.NewReader(content))
	// The line of interrupt counts is far longer than a Scanner's default.
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 9 || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		number, err := strconv.Atoi(fields[0][len("cpu"):])
		if err != nil {
			continue // The first line is the sum of all.
		}
		// proc_stat(5): user nice system idle iowait irq softirq steal.
		var micros [8]int64
		for i := range micros {
			ticks, err := strconv.ParseInt(fields[i+1], 10, 64)
			if err != nil {
				ticks = 0
			}
			micros[i] = ticks * tickMicros()
		}
		cores = append(cores, Core{
			CPU:           number,
			UserMicros:    micros[0] + micros[1],
			SystemMicros:  micros[2],
			IdleMicros:    micros[3] + micros[4],
			IRQMicros:     micros[5],
			SoftirqMicros: micros[6],
			StealMicros:   micros[7],
		})
	}
	return cores
}
