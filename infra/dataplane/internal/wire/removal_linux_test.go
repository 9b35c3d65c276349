package wire

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// routed says whether any table of this namespace has a route by the device.
func routed(t *testing.T, device string) bool {
	t.Helper()
	routes, err := os.ReadFile("/proc/net/route")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(routes), device+"\t")
}

func deviceExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

func TestNothingIsLeftHoweverTheWireEnds(t *testing.T) {
	for name, test := range map[string]struct {
		kind   string
		signal syscall.Signal
	}{
		"tun, SIGKILL":  {kindTUN, syscall.SIGKILL},
		"tun, SIGTERM":  {kindTUN, syscall.SIGTERM},
		"veth, SIGKILL": {kindVeth, syscall.SIGKILL},
		"veth, SIGTERM": {kindVeth, syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWire(t, "--kind", test.kind)
			device := fmt.Sprintf("mm%da", w.PID)
			identity, err := os.Readlink(w.BNamespace)
			if err != nil {
				t.Fatal(err)
			}
			if !deviceExists(device) || !routed(t, device) || !namespaceInUse(identity) {
				t.Fatal("the device, its route or the namespace is not where this test looks for it")
			}
			if own, _ := os.Readlink("/proc/self/ns/net"); own == identity {
				t.Fatal("side b is no namespace of its own")
			}
			if err := w.command.Process.Signal(test.signal); err != nil {
				t.Fatal(err)
			}
			_ = w.command.Wait()
			eventually(t, "the namespace is gone", func() bool { return !namespaceInUse(identity) })
			eventually(t, "the device is gone", func() bool { return !deviceExists(device) })
			eventually(t, "the route is gone", func() bool { return !routed(t, device) })
		})
	}
}

func TestWhoStaysInSideBAfterTheWireHasNoDeviceLeft(t *testing.T) {
	w := startWire(t, "--delay", "1ms")
	devices := func() (names []string) {
		w.inFar(func() error {
			interfaces, err := net.Interfaces()
			for _, each := range interfaces {
				names = append(names, each.Name)
			}
			return err
		})
		return names
	}
	before := devices()
	if len(before) != 2 {
		t.Fatalf("devices of side b: %v", before)
	}
	_ = w.command.Process.Kill()
	_ = w.command.Wait()
	eventually(t, "side b has only loopback", func() bool { return len(devices()) == 1 })
	var err error
	w.inFar(func() error {
		var connection net.Conn
		if connection, err = net.Dial("udp4", w.AAddress+":9"); err == nil {
			connection.Close()
		}
		return nil
	})
	if err == nil {
		t.Error("side b still has a route to side a")
	}
}
