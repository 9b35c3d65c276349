// Package sockmap has the kernel forward a connection's bytes between its two sockets, without waking the process. The
// programs that do it are in internal/bpf/sockmap.c.
//
//	table, err := sockmap.Open(cgroup, listener.Addr())
//	dial := table.Dialer(net.Dialer{Timeout: 5 * time.Second})
//	…
//	upstream, err := dial(ctx, "tcp", address)
//	pair := table.Join(client, upstream)
//	defer pair.Close()
//	go pair.ToUpstream(buffer, func(int) {})
//	pair.ToClient(buffer, func(int) {})
//
// Sockets get into the kernel's tables before any byte of theirs has been read, so that the kernel forwards from the first
// one on and nothing can be overtaken. What it cannot be given, since the peer has ended already, user space copies. It also
// takes a direction back, for good, whose receiver falls far behind: the kernel itself holds back no sender. What user
// space copies then waits for what the kernel has underway, and so does the end of a direction.
//
// Programs and tables are held by descriptors alone. They vanish with the process, however it ends.
package sockmap

import "errors"

// Programs is how many programs have to be attached: one to the cgroup, two to the table of sockets.
const Programs = 3

// errBroken says that a direction cannot be completed.
var errBroken = errors.New("the connection broke off")
