// Package oscpu reads what the operating system says other processes and the machine's cores have used.
//
// Usage:
//
//	before, ok := oscpu.ProcessCPU(pid)
//	// … the process works …
//	after, _ := oscpu.ProcessCPU(pid)
//	fmt.Println(after-before, "ns of CPU, threads that have exited included")
//
// ProcessCPU is precise (nanoseconds, about 0.5 µs a reading) and is the only one meant for the edges of short
// measurements. Stat, Switches, Memory and Cores parse /proc, are coarse (ticks of 10 ms), cost tens of microseconds and
// belong outside what is measured. Off Linux nothing can be read and every function says so by ok == false.
package oscpu

// Times is the CPU time a process has used since it started, in microseconds, as the kernel's tick accounting splits it.
type Times struct {
	UserMicros   int64
	SystemMicros int64
}

// SwitchCounts are context switches since the start of the threads that live now.
// The switches of threads that have exited are missing: Linux adds them up nowhere that another process can read.
type SwitchCounts struct {
	Voluntary   int64
	Involuntary int64
}

// Memory is resident memory in bytes: now, and at its highest.
type Memory struct {
	RSSBytes     int64
	RSSPeakBytes int64
}

// Core is the time one core has spent since boot, in microseconds. Nice counts as user, waiting for I/O as idle.
// Guest time is part of user, as the kernel reports it.
type Core struct {
	CPU           int   `json:"cpu"`
	UserMicros    int64 `json:"userMicros"`
	SystemMicros  int64 `json:"systemMicros"`
	IRQMicros     int64 `json:"irqMicros"`
	SoftirqMicros int64 `json:"softirqMicros"`
	StealMicros   int64 `json:"stealMicros"`
	IdleMicros    int64 `json:"idleMicros"`
}
