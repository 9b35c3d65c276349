package sidecar

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/sockmap"
	"meshmark/dataplane/internal/streamtest"
)

func TestTwoKernelSidecarsInARowForwardOnlyTheirOwn(t *testing.T) {
	cgroup := sockmapCgroup(t)
	var heard atomic.Int64
	inbound := startSockmap(t, cgroup, streamtest.Serve(t, "tcp4", &heard), "--role", "inbound")
	outbound := startSockmap(t, cgroup, inbound.Address)
	got := streamtest.Run(t, outbound.Address, 1010, 1160, 16)
	for _, server := range []*processtest.Server{outbound, inbound} {
		w := server.Snapshot().Witness
		if w.BytesForwardedInKernel+w.BytesCopied != got {
			t.Errorf("%d in the kernel and %d copied, want %d", w.BytesForwardedInKernel, w.BytesCopied, got)
		}
		if w.ProgramsAttached != sockmap.Programs || w.BytesForwardedInKernel < got/2 {
			t.Errorf("%d programs, %d of %d bytes in the kernel", w.ProgramsAttached, w.BytesForwardedInKernel, got)
		}
	}
}

func TestRequestsAndAnswersOnOneConnectionAreAllForwardedInTheKernel(t *testing.T) {
	cgroup := sockmapCgroup(t)
	// More than may be underway in all, so that what was acknowledged is seen to be taken off.
	const rounds, size = 300, 64 << 10
	server := startSockmap(t, cgroup, startTCP(t, func(connection *net.TCPConn) { _, _ = io.Copy(connection, connection) }))
	client := dial(t, server.Address)
	sent, back := streamtest.Content(1, streamtest.OfRequest, size), make([]byte, size)
	for range rounds {
		if _, err := client.Write(sent); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(client, back); err != nil || !bytes.Equal(back, sent) {
			t.Fatalf("another answer, or %v", err)
		}
	}
	w := server.Snapshot().Witness
	if w.BytesForwardedInKernel != rounds*size || w.RequestBytesForwardedInKernel != rounds*size || w.BytesCopied != 0 {
		t.Errorf("%d and %d in the kernel, %d copied", w.BytesForwardedInKernel, w.RequestBytesForwardedInKernel, w.BytesCopied)
	}
}

func TestSlowReaderHoldsTheSenderBackThroughTheKernel(t *testing.T) {
	cgroup := sockmapCgroup(t)
	// What the sockets between may hold is tens of megabytes; without a bound the sender would get through.
	const size, most = 256 << 20, 64 << 20
	whole := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{9}).Read(whole)
	var sent atomic.Int64
	server := startSockmap(t, cgroup, startTCP(t, func(connection *net.TCPConn) {
		for range size / len(whole) {
			count, err := connection.Write(whole)
			sent.Add(int64(count))
			if err != nil {
				return
			}
		}
	}))
	client := dial(t, server.Address)
	_ = client.SetReadBuffer(64 << 10)
	for before := int64(-1); before != sent.Load(); time.Sleep(500 * time.Millisecond) {
		before = sent.Load()
	}
	held := sent.Load()
	t.Logf("%d MiB were taken", held>>20)
	if held > most {
		t.Errorf("%d bytes were taken for a client that reads none", held)
	}
	got := make([]byte, len(whole))
	for i := range size / len(whole) {
		if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("block %d: other bytes, or %v", i, err)
		}
	}
	if _, err := client.Read(got); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
	if w := server.Snapshot().Witness; w.BytesForwardedInKernel == 0 || w.BytesForwardedInKernel+w.BytesCopied != size {
		t.Errorf("%d in the kernel and %d copied", w.BytesForwardedInKernel, w.BytesCopied)
	}
}

func TestResetsInMidBodyPassThroughTheKernel(t *testing.T) {
	cgroup := sockmapCgroup(t)
	ends := make(chan error, 1)
	server := startSockmap(t, cgroup, startTCP(t, func(connection *net.TCPConn) {
		var order [1]byte
		_, _ = io.ReadFull(connection, order[:])
		switch order[0] {
		case 'r': // Break off.
			_, _ = connection.Write(make([]byte, 1000))
			_, _ = io.ReadFull(connection, order[:])
			_ = connection.SetLinger(0)
		case 'h': // Hear how the client ends.
			_, err := io.Copy(io.Discard, connection)
			ends <- err
		case 's': // Send for ever, having heard the client's end.
			_, _ = io.ReadAll(connection)
			for {
				if _, err := connection.Write(make([]byte, 10_000)); err != nil {
					ends <- err
					return
				}
			}
		}
	}))
	awaitError := func(t *testing.T) {
		select {
		case err := <-ends:
			if err == nil {
				t.Error("the server took a reset for an end")
			}
		case <-time.After(10 * time.Second):
			t.Error("the server still waits")
		}
	}
	t.Run("by the server", func(t *testing.T) {
		client := dial(t, server.Address)
		_, _ = client.Write([]byte("r"))
		if _, err := io.ReadFull(client, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		_, _ = client.Write([]byte{1})
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v, want a reset", err)
		}
	})
	t.Run("by the client", func(t *testing.T) {
		client := dial(t, server.Address)
		_, _ = client.Write(append([]byte("h"), make([]byte, 1000)...))
		time.Sleep(50 * time.Millisecond)
		_ = client.SetLinger(0)
		client.Close()
		awaitError(t)
	})
	t.Run("by a client that has ended its request", func(t *testing.T) {
		client := dial(t, server.Address)
		_, _ = client.Write([]byte("s"))
		_ = client.CloseWrite()
		if _, err := io.ReadFull(client, make([]byte, 50_000)); err != nil {
			t.Fatal(err)
		}
		_ = client.SetLinger(0)
		client.Close()
		awaitError(t)
	})
}

func TestKilledSidecarLeavesNothingInTheKernel(t *testing.T) {
	cgroup := sockmapCgroup(t)
	others := len(kernelObjects(t)) // Of other tests that run meanwhile.
	server := startSockmap(t, cgroup, startTCP(t, func(connection *net.TCPConn) { _, _ = io.Copy(connection, connection) }))
	client := dial(t, server.Address)
	_, _ = client.Write([]byte("x"))
	_, _ = io.ReadFull(client, make([]byte, 1))
	if attached := programsOf(t, cgroup); attached != 1 {
		t.Fatalf("%d programs on the cgroup", attached)
	}
	if err := syscall.Kill(server.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the killed sidecar's connection lives on")
	}
	deadline := time.Now().Add(10 * time.Second)
	for programsOf(t, cgroup) != 0 || len(kernelObjects(t)) > others {
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %v, and %d programs on the cgroup", kernelObjects(t), programsOf(t, cgroup))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestProgramsDetachedBehindItsBackLeaveASidecarThatCopies(t *testing.T) {
	for name, detach := range map[string]func(t *testing.T, cgroup string, pid int){
		"from the cgroup": func(t *testing.T, cgroup string, _ int) { detachFromCgroup(t, cgroup) },
		"the parser": func(t *testing.T, _ string, pid int) {
			detachFromSources(t, "the parser", ebpf.AttachSkSKBStreamParser, pid)
		},
		"the verdict": func(t *testing.T, _ string, pid int) {
			detachFromSources(t, "the verdict", ebpf.AttachSkSKBStreamVerdict, pid)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cgroup := sockmapCgroup(t)
			var heard atomic.Int64
			server := startSockmap(t, cgroup, streamtest.Serve(t, "tcp4", &heard))
			var got atomic.Int64
			var running sync.WaitGroup
			running.Go(func() { got.Add(streamtest.Run(t, server.Address, 2010, 2110, 8)) })
			time.Sleep(100 * time.Millisecond)
			detach(t, cgroup, server.PID)
			running.Wait()
			before := server.Snapshot().Witness
			got.Add(streamtest.Run(t, server.Address, 2110, 2160, 8))
			w := server.Snapshot().Witness
			if w.ProgramsAttached != sockmap.Programs-1 || w.ProgramsExpected != sockmap.Programs {
				t.Errorf("%d of %d programs attached", w.ProgramsAttached, w.ProgramsExpected)
			}
			if w.BytesForwardedInKernel != before.BytesForwardedInKernel || w.ConnectionsNotHandedOver < 50 {
				t.Errorf("the kernel forwarded %d bytes more, %d connections were not handed over",
					w.BytesForwardedInKernel-before.BytesForwardedInKernel, w.ConnectionsNotHandedOver)
			}
			if w.BytesForwardedInKernel+w.BytesCopied != got.Load() {
				t.Errorf("%d in the kernel and %d copied, want %d", w.BytesForwardedInKernel, w.BytesCopied, got.Load())
			}
		})
	}
}
