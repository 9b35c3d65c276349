package loadgen

import (
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/processtest"
)

// awaitConnections waits until so many connections to an address are established, counted at the server's end. One
// reading of a table that others change meanwhile may be off by a few.
func awaitConnections(t *testing.T, address string, want int) {
	t.Helper()
	const established = "01"
	deadline := time.Now().Add(3 * time.Second)
	for {
		n := countSockets(t, address, established)
		if n == want {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%d connections, not %d", n, want)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestIdleConnectionsStayUntilTheNextTargets(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("connections are counted in /proc/net/tcp")
	}
	for protocol, flag := range map[string]string{"": "http1", protocolH2: "h2", protocolGRPC: "grpc"} {
		server := processtest.StartServer(t, "--protocol", flag)
		s := startSession(t)
		spec := targetAt(server.Address, 4, 2000)
		spec.Protocol, spec.GRPCMethod, spec.IdleConnections = protocol, "/meshmark.v1.Echo/Get", 300
		if done := s.targets(spec); done["failed"] != nil {
			t.Fatalf("%s: failed %v", flag, done["failed"])
		}
		for range 2 {
			requests := checkEvents(t, s.run(closed20, open20), 1024)
			if requests != 40 {
				t.Errorf("%s: %d requests", flag, requests)
			}
			awaitConnections(t, server.Address, 304)
		}
		if witness := server.Snapshot().Witness; witness.Requests != 80 || witness.ConnectionsAccepted != 304 {
			t.Errorf("%s: the service saw %d requests on %d connections", flag, witness.Requests, witness.ConnectionsAccepted)
		}
		spec.IdleConnections = 0
		s.targets(spec)
		awaitConnections(t, server.Address, 4)
		s.end()
	}
}

func TestIdleConnectionsThatTheServerClosesFailTheSlice(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no epoll here")
	}
	var accepted atomic.Int64
	address := serveRaw(t, func(c net.Conn) {
		if accepted.Add(1) <= 5 { // Among them are those that carry requests.
			answerAll("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(c)
			return
		}
		time.Sleep(100 * time.Millisecond)
	})
	s := startSession(t)
	spec := targetAt(address, 2, 1000)
	spec.IdleConnections = 200
	if done := s.targets(spec); done["failed"] != nil {
		t.Fatalf("failed %v", done["failed"])
	}
	time.Sleep(200 * time.Millisecond)
	for range 2 {
		if event := s.run(closed20)[0]; !strings.HasSuffix(failureOf(event), " of 200 idle connections were closed by the server") || event.Requests != 0 {
			t.Errorf("failed %q, %d requests", failureOf(event), event.Requests)
		}
	}
}

func TestIdleConnectionsThatCannotBeOpenedAreTheTargetsFailure(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := targetAt(listener.Addr().String(), 1, 1000)
	gone.ID, gone.IdleConnections = "gone", 10
	_ = listener.Close()
	alive := targetAt(serve(t, func(http.ResponseWriter, *http.Request) {}), 1, 1000)
	alive.IdleConnections = 10
	s := startSession(t)
	done := s.targets(gone, alive)
	failed, _ := done["failed"].(map[string]any)
	if len(failed) != 1 || !strings.Contains(failed["gone"].(string), "refused") {
		t.Errorf("failed is %v", failed)
	}
	if event := s.run(closed20)[0]; event.Requests != 20 {
		t.Errorf("the other target answered %d of 20", event.Requests)
	}
}

func TestMoreConnectionsThanFilesAreRefusedWithTheLimit(t *testing.T) {
	if fileLimit() > 40_000*2 {
		t.Skipf("the limit here is %d", fileLimit())
	}
	address := serve(t, func(http.ResponseWriter, *http.Request) {})
	var specs []targetSpec
	for index := range 5 {
		spec := targetAt(address, 1, 1000)
		spec.ID, spec.IdleConnections = string(rune('a'+index)), mostIdle
		specs = append(specs, spec)
	}
	s := startSession(t)
	failed, _ := s.targets(specs...)["failed"].(map[string]any)
	if text, _ := failed["a"].(string); !strings.Contains(text, "limit") || len(failed) != 5 {
		t.Errorf("failed is %v", failed)
	}
	if event := s.run(sliceSpec{Target: "a", Model: modelClosed, Requests: 5})[0]; !strings.Contains(failureOf(event), "limit") {
		t.Errorf("a slice without its idle connections ended %q", failureOf(event))
	}
}

func TestSourcesChangeBeforeTheKernelsPortsRunOut(t *testing.T) {
	from := make(sources)
	seen := make(map[string]int)
	for range 2*perSource + 10 {
		if local := from.next("127.0.0.1:80"); local == nil {
			seen[""]++
		} else {
			seen[local.String()]++
		}
	}
	if seen[""] != perSource || seen["127.0.0.2:0"] != perSource || seen["127.0.0.3:0"] != 10 {
		t.Errorf("sources were %v", seen)
	}
	from["192.0.2.1:80"] = perSource
	if local := from.next("192.0.2.1:80"); local != nil {
		t.Errorf("%v is no address that another machine answers", local)
	}
}

func TestIdleConnectionsBeyondOneSourcesPortsComeFromAnother(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere 127.0.0.1 is all of loopback")
	}
	var first, second atomic.Int64
	address := serveRaw(t, func(c net.Conn) {
		switch c.RemoteAddr().(*net.TCPAddr).IP.String() {
		case "127.0.0.1":
			first.Add(1)
		case "127.0.0.2":
			second.Add(1)
		}
		_, _ = c.Read(make([]byte, 1))
	})
	made, err := newTarget(targetAt(address, 1, 1000), nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := openIdle(t.Context(), made, 50, sources{address: perSource - 20})
	if err != nil {
		t.Fatal(err)
	}
	defer set.close()
	for deadline := time.Now().Add(2 * time.Second); first.Load()+second.Load() < 50 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if first.Load() != 20 || second.Load() != 30 {
		t.Errorf("%d from the first address and %d from the second", first.Load(), second.Load())
	}
}

func TestTenThousandIdleConnectionsStand(t *testing.T) {
	const idle = 10_000
	if fileLimit() < idle+1000 || runtime.GOOS != "linux" {
		t.Skipf("only %d files may be open", fileLimit())
	}
	server := processtest.StartServer(t)
	s := startSession(t)
	spec := targetAt(server.Address, 2, 2000)
	spec.IdleConnections = idle
	if done := s.targets(spec); done["failed"] != nil {
		t.Fatalf("failed %v", done["failed"])
	}
	if event := s.run(closed20)[0]; event.Requests != 20 || event.Failed != nil {
		t.Errorf("%d requests, failed %q", event.Requests, failureOf(event))
	}
	awaitConnections(t, server.Address, idle+2)
	if n := server.Snapshot().Witness.ConnectionsAccepted; n != idle+2 {
		t.Errorf("%d connections were accepted", n)
	}
}
