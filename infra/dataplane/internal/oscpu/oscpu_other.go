//go:build !linux

package oscpu

// Supported reports whether another process's CPU clock can be read here.
func Supported() bool { return false }

// ProcessCPU cannot be read on this system.
func ProcessCPU(int) (int64, bool) { return 0, false }

// Stat cannot be read on this system.
func Stat(int) (Times, bool) { return Times{}, false }

// Switches cannot be read on this system.
func Switches(int) (SwitchCounts, bool) { return SwitchCounts{}, false }

// MemoryOf cannot be read on this system.
func MemoryOf(int) (Memory, bool) { return Memory{}, false }

// Cores cannot be read on this system.
func Cores() ([]Core, bool) { return nil, false }
