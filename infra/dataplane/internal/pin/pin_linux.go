package pin

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// moveThreads looks twice, because a thread that started between the look and the move of its parent was missed;
// one that starts afterwards inherits its parent's cores.
func moveThreads(pid int, cpus []int) error {
	var wanted unix.CPUSet
	for _, cpu := range cpus {
		wanted.Set(cpu)
	}
	for range 2 {
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return fmt.Errorf("list the threads of %d: %w", pid, err)
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				continue
			}
			if err := unix.SchedSetaffinity(id, &wanted); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("move thread %d to cores %v: %w", id, cpus, err)
			}
		}
	}
	return nil
}
