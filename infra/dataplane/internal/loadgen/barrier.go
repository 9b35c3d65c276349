package loadgen

import "time"

// barrierLead is how long before its start an open slice is handed to its pacing thread, which sleeps more exactly.
const barrierLead = int64(2 * time.Millisecond)

// longestBarrier bounds how long a slice may be made to wait for its start.
const longestBarrier = int64(60 * time.Second)

// reading turns Unix µs, as this engine tells them, into a reading of now.
func (c clock) reading(unixMicros int64) int64 { return (unixMicros - c.unix) * 1000 }

// awaitStart waits until shortly before the slice's own start, where its order names one. It returns the start as a reading
// of the clock.
func (r *run) awaitStart() int64 {
	if r.spec.StartAtMicros == 0 {
		return 0
	}
	at := r.clk.reading(r.spec.StartAtMicros)
	if at-r.clk.now() > longestBarrier {
		r.abort("its start lies more than 60 s ahead")
		return 0
	}
	until := at
	if r.spec.Model == modelOpen {
		until -= barrierLead
	}
	pause(time.Duration(until-r.clk.now()), r.ctx.Done())
	return at
}

// begunAt notes when the slice's warm-up really began; told where an order named a start.
func (r *run) begunAt(at int64) {
	if r.spec.StartAtMicros != 0 {
		late := max(0, at-r.startDue) / 1000
		r.lateMicros = &late
	}
}
