//go:build !linux

package sockmap

import (
	"context"
	"errors"
	"net"
)

var errNotLinux = errors.New("forwarding in the kernel needs Linux")

// Table is there for Linux's sake: none can be opened.
type Table struct{}

// Pair is there for Linux's sake.
type Pair struct{ HandedOver bool }

// Open fails.
func Open(string, net.Addr) (*Table, error) { return nil, errNotLinux }

// Probe says so too.
func Probe(string) error { return errNotLinux }

// Dialer is never called, nor is what follows.
func (*Table) Dialer(plain net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return plain.DialContext
}
func (*Table) Forget(*net.TCPConn)                              {}
func (*Table) Join(_, _ *net.TCPConn) (*Pair, error)            { return nil, errNotLinux }
func (*Table) Attached() int                                    { return 0 }
func (*Table) Forwarded() (requests, answers int64, err error)  { return 0, 0, errNotLinux }
func (*Table) Close() error                                     { return nil }
func (*Pair) ToUpstream(buffer []byte, written func(int)) error { return errNotLinux }
func (*Pair) ToClient(buffer []byte, written func(int)) error   { return errNotLinux }
func (*Pair) Close()                                            {}
