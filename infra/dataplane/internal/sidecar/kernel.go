package sidecar

import (
	"fmt"
	"net"
	"runtime"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/podcgroup"
	"meshmark/dataplane/internal/sockmap"
)

// checkKernel refuses what the kernel cannot do for this sidecar.
func (o Options) checkKernel() error {
	plain := o.ListenSecurity == "plain" && o.UpstreamSecurity == "plain"
	linux := runtime.GOOS == "linux"
	inKernel := o.Forwarding == "sockmap"
	switch {
	case o.KernelCgroup != "" && !inKernel:
		return fmt.Errorf("--kernel-cgroup needs --forwarding sockmap")
	case inKernel && !linux:
		return fmt.Errorf("--forwarding sockmap needs Linux")
	case inKernel && o.ListenProtocol != "tcp":
		return fmt.Errorf("--forwarding sockmap needs --listen-protocol tcp: the kernel does not see requests")
	case inKernel && !plain:
		return fmt.Errorf("--forwarding sockmap cannot speak TLS: the kernel sends on what it received")
	case inKernel && o.KernelCgroup == "":
		return fmt.Errorf("--forwarding sockmap needs --kernel-cgroup")
	case o.Intercepted && !linux:
		return fmt.Errorf("--intercepted needs Linux")
	case o.Intercepted && o.ListenProtocol == "h3":
		return fmt.Errorf("--intercepted needs TCP connections, and h3 has none")
	}
	return nil
}

// openKernel has the kernel forward what is accepted at that address; nil unless the options ask for it.
func openKernel(options Options, listening net.Addr, counters *admin.Counters, faults *faultLog) (*sockmap.Table, error) {
	if options.Forwarding != "sockmap" {
		return nil, nil
	}
	cgroup, err := podcgroup.Resolve(options.KernelCgroup)
	if err != nil {
		return nil, fmt.Errorf("--kernel-cgroup: %w", err)
	}
	table, err := sockmap.Open(cgroup, listening)
	if err != nil {
		return nil, fmt.Errorf("--forwarding sockmap: %w", err)
	}
	counters.ProgramsExpected.Store(sockmap.Programs)
	counters.OnRead(func() {
		counters.ProgramsAttached.Store(int64(table.Attached()))
		requests, answers, err := table.Forwarded()
		if err != nil {
			faults.report(err.Error())
			return
		}
		counters.RequestBytesForwardedInKernel.Store(requests)
		counters.BytesForwardedInKernel.Store(answers)
	})
	return table, nil
}

// forwardInKernel is handle for a sidecar whose kernel forwards. User space copies what the kernel does not.
func (p *tcpProxy) forwardInKernel(client, upstream *net.TCPConn) {
	pair, err := p.kernel.Join(client, upstream)
	if err != nil {
		p.counters.ConnectionsNotHandedOver.Add(1)
		abort(client)
		abort(upstream)
		return
	}
	defer pair.Close()
	if pair.HandedOver {
		p.counters.ConnectionsHandedOver.Add(1)
	} else {
		p.counters.ConnectionsNotHandedOver.Add(1)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		buffer := p.buffers.Get()
		defer p.buffers.Put(buffer)
		if pair.ToUpstream(buffer, func(int) {}) != nil {
			abort(upstream)
			abort(client)
		}
	}()
	buffer := p.buffers.Get()
	defer p.buffers.Put(buffer)
	if pair.ToClient(buffer, p.countCopied(buffer)) != nil {
		abort(client)
		abort(upstream)
	}
	<-sent
}
