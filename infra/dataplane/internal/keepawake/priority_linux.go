package keepawake

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// schedIdle is SCHED_IDLE of sched(7): below every ordinary thread, whatever its nice value.
const schedIdle = 5

// yieldToEverything gives every thread of this process the lowest priority. It needs no privilege.
func yieldToEverything() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list own threads: %w", err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetAttr(id, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: schedIdle}, 0); err != nil {
			return fmt.Errorf("take the lowest priority: %w", err)
		}
	}
	return nil
}
