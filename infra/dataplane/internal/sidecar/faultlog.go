package sidecar

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// linesLogged is enough to see what is wrong; a line for each of a million failures would itself cost what is measured.
const linesLogged = 5

// faultLog logs the first few faults and counts the rest.
type faultLog struct {
	mutex  sync.Mutex
	out    io.Writer
	faults int
}

func newFaultLog(out io.Writer) *faultLog { return &faultLog{out: out} }

func (l *faultLog) report(what string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.faults++
	if l.faults <= linesLogged {
		fmt.Fprintf(l.out, "dataplane sidecar: %s\n", what)
	}
}

// Write makes it the target of a log.Logger, which writes a line at a time.
func (l *faultLog) Write(line []byte) (int, error) {
	l.report(strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

// summarise says how many faults were not logged, if any.
func (l *faultLog) summarise() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.faults > linesLogged {
		fmt.Fprintf(l.out, "dataplane sidecar: %d faults in all, %d not logged\n", l.faults, l.faults-linesLogged)
	}
}
