package keepawake

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// schedIdle is SCHED_IDLE of sched(7): below every ordinary thread, whatever its nice value.
const schedIdle = 5

// lowestNice is what is left of a session's share of a core.
const lowestNice = "19"

// yieldToEverything gives every thread of this process the lowest priority, and its session the least share of the core.
// It needs no privilege.
//
// The session counts where the kernel groups tasks by it (sched(7), "The autogroup feature"): a core is then shared out
// among sessions first, to each the same, and priorities decide within one alone. A process that the harness starts has
// a session of its own; without a share of its own to give up, the loop took half of a busy core.
func yieldToEverything() error {
	if session, err := unix.Getsid(0); err == nil && session == os.Getpid() {
		// Where there is no such file, sessions do not count.
		_ = os.WriteFile("/proc/self/autogroup", []byte(lowestNice), 0)
	}
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
