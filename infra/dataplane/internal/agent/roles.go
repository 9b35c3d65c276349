package agent

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
)

// roleVariable names the role of a container's processes, in their environment.
const roleVariable = "MESHMARK_ROLE="

// processesWithRoles returns every process that has a role, by pid, with nothing read of it yet. A process whose environment
// may not be read has none: the agent must run as the user that the pod's containers run as.
func processesWithRoles() []Process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if role := roleOf(pid); role != "" {
			found = append(found, Process{Role: role, PID: pid})
		}
	}
	slices.SortFunc(found, func(a, b Process) int { return a.PID - b.PID })
	return found
}

func roleOf(pid int) string {
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		if role, is := bytes.CutPrefix(variable, []byte(roleVariable)); is {
			return string(role)
		}
	}
	return ""
}
