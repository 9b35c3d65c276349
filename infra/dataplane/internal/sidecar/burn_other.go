//go:build !linux

package sidecar

import "time"

// burnCPU spins for that long: an upper bound of the CPU burnt, as preemption counts too.
func burnCPU(amount time.Duration) {
	for start := time.Now(); time.Since(start) < amount; {
	}
}
