// Package guard cleans up after a harness that was killed.
//
//	dataplane guard    # stdin: "group PGID", "drop PGID", "cgroup DIR", a line each
//
// The harness holds the other end of its stdin. However the harness ends, the kernel closes that end; the guard then
// kills every process group still listed, kills and removes every cgroup listed, and exits 0.
// It ignores SIGINT, SIGTERM and SIGHUP, because what ends the harness often reaches the guard too.
package guard

import (
	"bufio"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Main reads until stdin ends, cleans up and returns 0.
func Main(_ []string, stdin io.Reader, _, stderr io.Writer) int {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	charge := readCharge(stdin, stderr)
	for group := range charge.groups {
		killGroup(group)
	}
	for _, failure := range removeCgroups(charge.cgroups) {
		fmt.Fprintf(stderr, "dataplane guard: %v\n", failure)
	}
	return 0
}

// charge is what the guard answers for.
type charge struct {
	groups  map[int]struct{}
	cgroups []string
}

// readCharge follows the lines until the input ends or fails, which is the same to a guard. A line that it cannot
// understand is reported and passed over: the rest still needs guarding.
func readCharge(stdin io.Reader, stderr io.Writer) charge {
	listed := charge{groups: map[int]struct{}{}}
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		if err := listed.apply(lines.Text()); err != nil {
			fmt.Fprintf(stderr, "dataplane guard: %v\n", err)
		}
	}
	return listed
}

func (c *charge) apply(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "group", "drop":
		group, err := strconv.Atoi(rest)
		// 0 would be the guard's own group, 1 init's, and kill(-1) everything.
		if err != nil || group <= 1 {
			return fmt.Errorf("no process group in %q", line)
		}
		if word == "group" {
			c.groups[group] = struct{}{}
		} else {
			delete(c.groups, group)
		}
	case "cgroup":
		if rest == "" {
			return fmt.Errorf("no directory in %q", line)
		}
		if !slices.Contains(c.cgroups, rest) {
			c.cgroups = append(c.cgroups, rest)
		}
	case "":
	default:
		return fmt.Errorf("cannot understand %q", line)
	}
	return nil
}

// killGroup is silent about a group that is gone, which is what is wanted of it.
func killGroup(group int) {
	if group == syscall.Getpgrp() {
		return
	}
	_ = syscall.Kill(-group, syscall.SIGKILL)
}
