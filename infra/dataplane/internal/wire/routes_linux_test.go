package wire

import (
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestFreeNetworkIsOneThatNoRouteOverlaps(t *testing.T) {
	for name, test := range map[string]struct {
		taken []netip.Prefix
		start int
		want  string
	}{
		"nothing routed":           {nil, 0, "198.18.0.1/30"},
		"the pid's own":            {nil, 3, "198.18.0.13/30"},
		"a host in it":             {prefixes("198.18.0.2/32"), 0, "198.18.0.5/30"},
		"a network around it":      {prefixes("198.18.0.0/24"), 0, "198.18.1.1/30"},
		"the end of the range":     {prefixes("198.19.255.252/30"), 32767, "198.18.0.1/30"},
		"a pid beyond the range":   {nil, 32768 * 5, "198.18.0.1/30"},
		"routes that do not touch": {prefixes("10.0.0.0/8", "198.20.0.0/15"), 0, "198.18.0.1/30"},
	} {
		a, b, err := freeNetwork(test.taken, test.start)
		if err != nil || a.String() != test.want || a.Masked() != b.Masked() || b.Addr() != a.Addr().Next() {
			t.Errorf("%s: %s and %s (%v), want %s and the next", name, a, b, err, test.want)
		}
	}
	if a, _, err := freeNetwork(prefixes("198.0.0.0/8"), 0); err == nil {
		t.Errorf("%s is free though all is routed", a)
	}
}

func TestRoutesOfTheMachineIncludeLoopbackAndNoDefault(t *testing.T) {
	dump, err := syscall.NetlinkRIB(unix.RTM_GETROUTE, unix.AF_INET)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := parseRoutes(dump)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(routes, netip.MustParsePrefix("127.0.0.0/8")) {
		t.Errorf("no 127.0.0.0/8 in %v", routes)
	}
	for _, route := range routes {
		if route.Bits() <= narrowestDefaultBits {
			t.Errorf("%s covers everything", route)
		}
	}
}

func FuzzParseRoutes(f *testing.F) {
	if dump, err := syscall.NetlinkRIB(unix.RTM_GETROUTE, unix.AF_INET); err == nil {
		f.Add(dump)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, dump []byte) {
		routes, err := parseRoutes(dump)
		for _, route := range routes {
			if err != nil || !route.IsValid() || !route.Addr().Is4() {
				t.Errorf("read %v (%v)", route, err)
			}
		}
	})
}

func FuzzAcknowledgement(f *testing.F) {
	f.Add([]byte{20, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{20, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, answer []byte) {
		if err := acknowledgement(answer); err == nil && len(answer) < 20 {
			t.Errorf("%v was taken for an acknowledgement", answer)
		}
	})
}
