package loadgen

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestADialErrorCountsAsPortsExhaustedByItsCause(t *testing.T) {
	r := newRun(newClock(), &target{}, sliceSpec{}, &recorder{})
	cause := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}
	}
	r.dialled(describeDialError("127.0.0.1:1", cause(syscall.EADDRNOTAVAIL)))
	r.dialled(describeDialError("127.0.0.1:1", cause(syscall.ECONNREFUSED)))
	r.dialled(nil)
	if got := r.exhaustions(); got != 1 {
		t.Errorf("%d attempts found no port, want 1", got)
	}
	err := describeDialError("127.0.0.1:1", cause(syscall.EADDRNOTAVAIL))
	if err.Error() != "connect 127.0.0.1:1: cannot assign requested address" || !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("%v", err)
	}
}
