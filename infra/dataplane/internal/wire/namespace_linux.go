package wire

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespace runs work inside a network namespace, on the one thread of this process that is there. A namespace that
// was made here lives as long as that thread, so that it goes however the process ends.
type namespace struct {
	work chan func()
	// path is the file by which other processes enter it.
	path string
}

// openNamespace enters "own", "new" or the namespace of a file.
func openNamespace(which string) (*namespace, error) {
	opened := &namespace{work: make(chan func())}
	entered := make(chan error)
	onOwnThread(func() {
		err := enter(which)
		opened.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		entered <- err
		if err != nil {
			return
		}
		for do := range opened.work {
			do()
		}
	})
	if err := <-entered; err != nil {
		return nil, err
	}
	return opened, nil
}

// onOwnThread runs a function on a thread that ends with it. Go runs nothing else there, and starts no threads from
// it, which would inherit its namespace. The process's first thread is passed over: it cannot end before the process,
// and what it is in counts as what the process is in (/proc/PID/ns/net).
func onOwnThread(function func()) {
	started := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			// Held until the other has a thread, which is then not this one.
			onOwnThread(function)
			runtime.UnlockOSThread()
			close(started)
			return
		}
		close(started)
		function()
	}()
	<-started
}

func enter(which string) error {
	switch which {
	case ownNamespace:
		return nil
	case newNamespace:
		err := unix.Unshare(unix.CLONE_NEWNET)
		if errors.Is(err, unix.EPERM) {
			return fmt.Errorf("make a network namespace: %w (needs root or CAP_SYS_ADMIN)", err)
		} else if err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		return nil
	}
	file, err := os.Open(which)
	if err != nil {
		return fmt.Errorf("enter the network namespace: %w", err)
	}
	defer file.Close()
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network namespace %s: %w", which, err)
	}
	return nil
}

// do runs a function on the namespace's thread: sockets that it opens belong to the namespace, and can be used from
// anywhere afterwards.
func (n *namespace) do(function func() error) error {
	done := make(chan error)
	n.work <- func() { done <- function() }
	return <-done
}
