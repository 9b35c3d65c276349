package wire

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// readDrops is how many packets a device of the calling thread's namespace has thrown away because nobody took them
// out of its queue in time.
func readDrops(device string) (int64, error) {
	table, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return 0, fmt.Errorf("read the device's counters: %w", err)
	}
	return parseDrops(string(table), device)
}

// transmitDropField is the place of a device's transmit drops in its line of /proc/net/dev, after the name.
const transmitDropField = 11

func parseDrops(table, device string) (int64, error) {
	for line := range strings.Lines(table) {
		name, counters, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) != device {
			continue
		}
		fields := strings.Fields(counters)
		if len(fields) <= transmitDropField {
			return 0, fmt.Errorf("the counters of %s have %d fields only", device, len(fields))
		}
		drops, err := strconv.ParseInt(fields[transmitDropField], 10, 64)
		if err != nil || drops < 0 {
			return 0, fmt.Errorf("the counters of %s: %q is no number of drops", device, fields[transmitDropField])
		}
		return drops, nil
	}
	return 0, fmt.Errorf("no counters of %s", device)
}
