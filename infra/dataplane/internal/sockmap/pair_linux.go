package sockmap

import (
	"context"
	"net"
	"syscall"

	"meshmark/dataplane/internal/bpf"
)

// Dialer dials like the one it is given. What it opens is listed in the table if the kernel can.
func (t *Table) Dialer(plain net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		own := plain
		var announced []uint64
		own.Control = func(_, _ string, raw syscall.RawConn) error {
			cookie, err := cookieOf(raw)
			if err != nil {
				return err
			}
			// In a table that is full there is no place, and the connection is copied.
			if t.objects.MmSkFlows.Put(cookie, bpf.SockmapMmSkFlow{Dialled: 1}) == nil {
				announced = append(announced, cookie)
			}
			return nil
		}
		connection, err := own.DialContext(ctx, network, address)
		// A name may stand for several addresses, of which all but one were tried in vain.
		var opened uint64
		if plain, ok := connection.(*net.TCPConn); ok {
			if raw, err := plain.SyscallConn(); err == nil {
				opened, _ = cookieOf(raw)
			}
		}
		for _, cookie := range announced {
			if cookie != opened {
				t.forget(cookie)
			}
		}
		return connection, err
	}
}

// Forget drops what the table knows about a connection that is joined to none.
func (t *Table) Forget(connection *net.TCPConn) {
	if raw, err := connection.SyscallConn(); err == nil {
		if cookie, err := cookieOf(raw); err == nil {
			t.forget(cookie)
		}
	}
}

func (t *Table) forget(cookie uint64) {
	// The socket itself leaves the table when it is closed. That there is no entry is no fault.
	_ = t.objects.MmSkFlows.Delete(cookie)
}

// flow is what the programs know about a socket; nothing if it is not listed.
func (t *Table) flow(cookie uint64) bpf.SockmapMmSkFlow {
	var flow bpf.SockmapMmSkFlow
	if t.objects.MmSkFlows.Lookup(cookie, &flow) != nil {
		return bpf.SockmapMmSkFlow{}
	}
	return flow
}

// Pair is a client's connection and the upstream's that belongs to it.
type Pair struct {
	// HandedOver says that the kernel forwards both ways; user space copies what it does not.
	HandedOver bool

	table                *Table
	client, upstream     *socket
	toUpstream, toClient direction
}

// Join has the kernel forward between the two, where both are listed and the programs are still attached. Nothing may
// have been read from either or written to it before.
func (t *Table) Join(client, upstream *net.TCPConn) (*Pair, error) {
	p := &Pair{table: t}
	var flows [2]bpf.SockmapMmSkFlow
	for i, end := range []struct {
		connection *net.TCPConn
		socket     **socket
	}{{client, &p.client}, {upstream, &p.upstream}} {
		made, err := newSocket(end.connection)
		if err != nil {
			t.Forget(client)
			t.Forget(upstream)
			return nil, err
		}
		flows[i] = t.flow(made.cookie)
		*end.socket = made
	}
	p.toUpstream = direction{table: t, source: p.client, destination: p.upstream}
	p.toClient = direction{table: t, source: p.upstream, destination: p.client}
	p.toUpstream.opposite, p.toClient.opposite = &p.toClient, &p.toUpstream
	if flows[0].Listed == 0 || flows[1].Listed == 0 || t.Attached() != Programs {
		return p, nil
	}
	up, down := p.toUpstream.handOver(flows[0]), p.toClient.handOver(flows[1])
	p.HandedOver = up && down
	return p, nil
}

// Close has the table forget the two. It does not close them.
func (p *Pair) Close() {
	for _, end := range []*socket{p.client, p.upstream} {
		p.table.directions.Delete(end.cookie)
		p.table.forget(end.cookie)
	}
}

// ToUpstream forwards until the client ends or either breaks off, and says what user space has written. It passes the end
// on. After an error neither direction can be completed and both connections are to be broken off. When it has forwarded
// all, it goes on watching the client until the other direction has ended.
func (p *Pair) ToUpstream(buffer []byte, written func(int)) error {
	return p.toUpstream.forward(buffer, written)
}

// ToClient is ToUpstream's counterpart.
func (p *Pair) ToClient(buffer []byte, written func(int)) error {
	return p.toClient.forward(buffer, written)
}
