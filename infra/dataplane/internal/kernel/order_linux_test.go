package kernel

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"meshmark/dataplane/internal/bpf"
	"meshmark/dataplane/internal/streamtest"
)

// What was sent by TCP because the other end was not in the table yet is not overtaken by what is handed over later: a
// receiver is given that first.
func TestMessagesAreNotOvertaken(t *testing.T) {
	options := Options{Messages: true}
	options.ClientCgroup = hooked(t, options)
	options.MeshCgroup = options.ClientCgroup
	agent, err := start(options)
	if err != nil {
		t.Fatal(err)
	}
	defer agent.close()
	accepted, read := make(chan *net.TCPConn, 1), make(chan struct{})
	address := streamtest.Listen(t, "127.0.0.1:0", func(connection *net.TCPConn) {
		accepted <- connection
		<-read
	})
	defer close(read)
	if _, err := agent.postEndpoint(endpointQuestion{"server", address}); err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server := <-accepted
	serversView := bpf.AgentMmConnection{
		Local: keyOf(netip.MustParseAddrPort(address)), Remote: keyOf(netip.MustParseAddrPort(client.LocalAddr().String())),
	}
	if err := agent.objects.MmSockets.Delete(serversView); err != nil {
		t.Fatal(err)
	}
	say := func(what string) {
		if _, err := client.Write([]byte(what)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	say("first ")
	raw, err := server.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var put error
	_ = raw.Control(func(fd uintptr) { put = agent.objects.MmSockets.Put(serversView, uint64(fd)) })
	if put != nil {
		t.Fatal(put)
	}
	say("second")
	heard := make([]byte, len("first second"))
	_ = server.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(server, heard); err != nil || string(heard) != "first second" {
		t.Errorf("%q, %v", heard, err)
	}
}
