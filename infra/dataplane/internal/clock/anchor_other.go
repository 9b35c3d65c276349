//go:build !linux

package clock

// Shared says whether MonotonicNs is the same clock in every process of the machine.
const Shared = false

// anchorNs is 0: without a clock shared by all processes, readings count from this process's start.
func anchorNs() int64 { return 0 }
