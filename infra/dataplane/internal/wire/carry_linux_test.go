package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"fmt"
)

const bulkBytes = 50 << 20

// bulk is the same 50 MB for the same seed.
func bulk(seed byte) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), bulkBytes)
}

func digest(t *testing.T, from io.Reader) [sha256.Size]byte {
	t.Helper()
	hash := sha256.New()
	size, err := io.Copy(hash, from)
	if err != nil {
		t.Error(err)
	}
	if size != bulkBytes {
		t.Errorf("%d bytes of %d", size, bulkBytes)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

func TestBulkArrivesIntactBothWays(t *testing.T) {
	for name, args := range map[string][]string{
		"tun without delay": {},
		"tun 5 ms":          {"--delay", "5ms"},
		"tun 9000 bytes":    {"--mtu", "9000"},
		"veth":              {"--kind", "veth"},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWire(t, args...)
			arrived := make(chan [sha256.Size]byte, 1)
			connection, err := net.Dial("tcp4", w.listenFar(func(connection net.Conn) {
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					_, _ = io.Copy(connection, bulk(2))
					_ = connection.(*net.TCPConn).CloseWrite()
				}()
				arrived <- digest(t, connection)
				<-sent
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			go func() {
				_, _ = io.Copy(connection, bulk(1))
				_ = connection.(*net.TCPConn).CloseWrite()
			}()
			if digest(t, connection) != digest(t, bulk(2)) {
				t.Error("what came from side b is not what was sent")
			}
			if <-arrived != digest(t, bulk(1)) {
				t.Error("what came from side a is not what was sent")
			}
			last, code := w.stop()
			if code != 0 || last.Event != "ended" {
				t.Errorf("exit code %d, last event %+v", code, last)
			}
			if w.Kind == kindVeth {
				return
			}
			for _, carried := range []*tally{last.AToB, last.BToA} {
				if carried.Bytes < bulkBytes || carried.Lost != 0 {
					t.Errorf("the wire says it carried %+v", carried)
				}
			}
		})
	}
}

func TestSideBReachesAServerOfSideA(t *testing.T) {
	w := startWire(t, "--delay", "1ms")
	listener, err := net.Listen("tcp4", w.AAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	acceptAll(t, listener, func(connection net.Conn) { fmt.Fprint(connection, connection.RemoteAddr()) })
	var connection net.Conn
	w.inFar(func() (err error) {
		connection, err = net.Dial("tcp4", listener.Addr().String())
		return err
	})
	defer connection.Close()
	greeting, err := io.ReadAll(connection)
	if err != nil || string(greeting) != connection.LocalAddr().String() {
		t.Errorf("the server greeted %q (%v) as the client %s", greeting, err, connection.LocalAddr())
	}
}

func TestLoopbackOfSideBWorksAndIsItsOwn(t *testing.T) {
	w := startWire(t)
	var listener net.Listener
	w.inFar(func() (err error) {
		listener, err = net.Listen("tcp4", "127.0.0.1:0")
		return err
	})
	acceptAll(t, listener, func(net.Conn) {})
	w.inFar(func() error {
		connection, err := net.Dial("tcp4", listener.Addr().String())
		if err == nil {
			connection.Close()
		}
		return err
	})
	if connection, err := net.Dial("tcp4", listener.Addr().String()); err == nil {
		connection.Close()
		t.Error("side a reaches side b's loopback")
	}
}

func TestPacketsKeepTheirOrder(t *testing.T) {
	w := startWire(t, "--delay", "5ms")
	var far *net.UDPConn
	w.inFar(func() (err error) {
		far, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(w.BAddress)})
		return err
	})
	defer far.Close()
	near, err := net.DialUDP("udp4", nil, far.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	const sent = 5000
	go func() {
		packet := make([]byte, 4)
		for number := range sent {
			binary.BigEndian.PutUint32(packet, uint32(number))
			_, _ = near.Write(packet)
			if number%20 == 19 {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	received, next, packet := 0, uint32(0), make([]byte, 4)
	for next < sent {
		_ = far.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := far.Read(packet); err != nil {
			break
		}
		number := binary.BigEndian.Uint32(packet)
		if number < next {
			t.Fatalf("packet %d came after packet %d", number, next-1)
		}
		next = number + 1
		received++
	}
	// The receiving socket, unlike the wire, may drop some when this test is not scheduled for long.
	if received < sent*9/10 {
		t.Errorf("%d packets of %d came", received, sent)
	}
}

func TestTwoWiresAtOnceDoNotMeet(t *testing.T) {
	short, long := startWire(t, "--delay", "1ms"), startWire(t, "--delay", "20ms")
	if short.AAddress == long.AAddress || short.BAddress == long.BAddress {
		t.Fatalf("the same addresses twice: %+v, %+v", short.readyEvent, long.readyEvent)
	}
	shortServer, longServer := short.listenFar(func(net.Conn) {}), long.listenFar(func(net.Conn) {})
	if took := timeConnects(t, shortServer); took < 2*time.Millisecond || took > 15*time.Millisecond {
		t.Errorf("%v over the wire of 1 ms each way", took)
	}
	if took := timeConnects(t, longServer); took < 40*time.Millisecond {
		t.Errorf("%v over the wire of 20 ms each way", took)
	}
}

func TestExistingNamespacesAreJoined(t *testing.T) {
	if startWire(t) == nil {
		return
	}
	var paths []string
	for range 2 {
		holder := exec.Command("cat")
		holder.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}
		stdin, err := holder.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := holder.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			stdin.Close()
			_ = holder.Wait()
		})
		paths = append(paths, fmt.Sprintf("/proc/%d/ns/net", holder.Process.Pid))
	}
	w := startWire(t, "--a-namespace", paths[0], "--b-namespace", paths[1],
		"--a-address", "10.77.0.1/24", "--b-address", "10.77.0.2/24", "--delay", "2ms")
	if w.AAddress != "10.77.0.1" || w.BAddress != "10.77.0.2" || w.RoundTripMicros.Median < 4000 {
		t.Errorf("the wire announced %+v", w.readyEvent)
	}
	address := w.listenFar(func(net.Conn) {})
	near, err := openNamespace(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer close(near.work)
	err = near.do(func() error {
		connection, err := net.Dial("tcp4", address)
		if err == nil {
			connection.Close()
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if connection, err := net.DialTimeout("tcp4", address, 100*time.Millisecond); err == nil {
		connection.Close()
		t.Error("this namespace, which is neither side, reaches side b")
	}
}
