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

// ownVariable marks containers of meshmark's that are nobody's data plane.
const ownVariable = "MESHMARK_OWN="

// pausePID is what holds a pod's namespaces together: the first process of a shared one.
const pausePID = 1

// others is the role of processes that are none of meshmark's: what a mesh has put into the pod. Set once, at start.
var others string

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
		role, ours := roleOf(pid)
		if role == "" && !ours && others != "" && pid != pausePID {
			role = others
		}
		if role != "" {
			found = append(found, Process{Role: role, PID: pid})
		}
	}
	slices.SortFunc(found, func(a, b Process) int { return a.PID - b.PID })
	return found
}

// roleOf returns the role of a process, if it has one, and whether it is one of meshmark's own.
func roleOf(pid int) (role string, ours bool) {
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return "", false
	}
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		if role, is := bytes.CutPrefix(variable, []byte(roleVariable)); is {
			return string(role), true
		}
		ours = ours || bytes.HasPrefix(variable, []byte(ownVariable))
	}
	return "", ours
}
