package loadgen

import _ "unsafe" // For linkname.

// The runtime takes the processor from a goroutine that has held it for 10 ms, asleep in a raw system call or not. For
// a locked thread that means two thread switches before it goes on, through a thread without its priority: some ms on a
// busy core, hundred times a second. Pinning, as sync.Pool does it, tells the runtime to leave it alone meanwhile.
// Nothing that could park the goroutine may happen between the two, a contended mutex included. The runtime keeps both
// names for packages that reach them so (runtime/proc.go, "hall of shame").

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()
