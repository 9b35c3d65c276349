package sidecar

import (
	"sync/atomic"
	"testing"

	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/sockmap"
	"meshmark/dataplane/internal/streamtest"
)

// sockmapCgroup is a new cgroup. It skips the test where the kernel forwards nothing.
func sockmapCgroup(t *testing.T) string {
	t.Helper()
	cgroup := processtest.NewCgroup(t)
	if err := sockmap.Probe(cgroup); err != nil {
		t.Skipf("cannot forward in the kernel: %v", err)
	}
	return cgroup
}

func startSockmap(t *testing.T, cgroup, upstream string, more ...string) *processtest.Server {
	t.Helper()
	return processtest.StartServerIn(t, cgroup, append([]string{
		"--listen-protocol", "tcp", "--forwarding", "sockmap", "--kernel-cgroup", cgroup, "--upstream", upstream}, more...)...)
}

func TestKernelForwardsStreamsByteForByte(t *testing.T) {
	cgroup := sockmapCgroup(t)
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			var heard atomic.Int64
			upstream := streamtest.Serve(t, network, &heard)
			listen := map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network]
			server := startSockmap(t, cgroup, upstream, "--listen", listen)
			before := server.Snapshot().Witness
			if before.ProgramsExpected != 3 || before.ProgramsAttached != 3 {
				t.Fatalf("%d of %d programs attached", before.ProgramsAttached, before.ProgramsExpected)
			}
			got := streamtest.Run(t, server.Address, 0, 500, 16)
			w := server.Snapshot().Witness
			t.Logf("in kernel %d, copied %d, requests in kernel %d, handed over %d",
				w.BytesForwardedInKernel, w.BytesCopied, w.RequestBytesForwardedInKernel, w.ConnectionsHandedOver)
			if w.BytesForwardedInKernel+w.BytesCopied != got {
				t.Errorf("%d in the kernel and %d copied, want %d", w.BytesForwardedInKernel, w.BytesCopied, got)
			}
			if w.ConnectionsHandedOver < 400 || w.ConnectionsHandedOver+w.ConnectionsNotHandedOver != 500 {
				t.Errorf("%d handed over, %d not", w.ConnectionsHandedOver, w.ConnectionsNotHandedOver)
			}
			if w.BytesForwardedInKernel == 0 || w.RequestBytesForwardedInKernel == 0 ||
				w.RequestBytesForwardedInKernel > heard.Load() {
				t.Errorf("the kernel forwarded %d bytes of answers, %d of the %d of requests",
					w.BytesForwardedInKernel, w.RequestBytesForwardedInKernel, heard.Load())
			}
		})
	}
}
