package oscpu

// Reading is everything that can be read of a process; what cannot is nil.
type Reading struct {
	CPUNs               *int64 `json:"cpuNs"`
	UserMicros          *int64 `json:"userMicros"`
	SystemMicros        *int64 `json:"systemMicros"`
	VoluntarySwitches   *int64 `json:"voluntarySwitches"`
	InvoluntarySwitches *int64 `json:"involuntarySwitches"`
	RSSBytes            *int64 `json:"rssBytes"`
	RSSPeakBytes        *int64 `json:"rssPeakBytes"`
}

// Read reads all of a process, which takes tens of microseconds.
func Read(pid int) Reading {
	var reading Reading
	if ns, ok := ProcessCPU(pid); ok {
		reading.CPUNs = &ns
	}
	if times, ok := Stat(pid); ok {
		reading.UserMicros, reading.SystemMicros = &times.UserMicros, &times.SystemMicros
	}
	if switches, ok := Switches(pid); ok {
		reading.VoluntarySwitches, reading.InvoluntarySwitches = &switches.Voluntary, &switches.Involuntary
	}
	if memory, ok := MemoryOf(pid); ok {
		reading.RSSBytes, reading.RSSPeakBytes = &memory.RSSBytes, &memory.RSSPeakBytes
	}
	return reading
}
