//go:build !linux

package launch

// place does nothing: neither cgroups, nor affinity, nor a death signal exist here, and the guard covers the last.
func place(placement) error { return nil }
