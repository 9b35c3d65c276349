package sockmap

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/bpf"
	"meshmark/dataplane/internal/processtest"
)

func TestProbeSaysInOneLineWhatIsMissing(t *testing.T) {
	for _, path := range []string{t.TempDir(), "/no/such/directory"} {
		err := Probe(path)
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "cgroup") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for err, want := range map[error]string{
		unix.EOPNOTSUPP: "CONFIG_BPF_STREAM_PARSER", unix.ENOSYS: "CONFIG_BPF_SYSCALL", unix.EPERM: "CAP_",
	} {
		if got := explain("attach", err).Error(); !strings.Contains(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%v is explained as %q", err, got)
		}
	}
}

func TestProbeLeavesNothingAttached(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("attaching needs root")
	}
	cgroup := processtest.NewCgroup(t)
	for range 3 {
		if err := Probe(cgroup); err != nil {
			t.Skipf("the kernel cannot: %v", err)
		}
	}
	directory, err := os.Open(cgroup)
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	there, err := link.QueryPrograms(link.QueryOptions{Target: int(directory.Fd()), Attach: ebpf.AttachCGroupSockOps})
	if err != nil || len(there.Programs) != 0 {
		t.Errorf("%v, %v", there, err)
	}
}

func TestDetachedProgramDoesNotCount(t *testing.T) {
	cgroup := processtest.NewCgroup(t)
	if err := Probe(cgroup); err != nil {
		t.Skipf("the kernel cannot: %v", err)
	}
	if _, err := Open(cgroup, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}); err == nil {
		t.Error("took a cgroup that this process is not in")
	}
	table, err := open(cgroup, bpf.SockmapMmSkListener{})
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Attached(); got != Programs {
		t.Errorf("%d programs attached", got)
	}
	if err := table.listing.Detach(); err != nil {
		t.Fatal(err)
	}
	if got := table.Attached(); got != Programs-1 {
		t.Errorf("%d programs attached after one was detached", got)
	}
	if err := table.Close(); err != nil {
		t.Error(err)
	}
}

func TestListenersAreToldApartByFamilyAndAddress(t *testing.T) {
	own, err := describeListener(&net.TCPAddr{IP: net.ParseIP("::1"), Port: 80})
	if err != nil || own.Six != 1 || own.Any != 0 || own.Port != 80 || own.Address[3] == 0 {
		t.Errorf("%+v, %v", own, err)
	}
	own, err = describeListener(&net.TCPAddr{IP: net.ParseIP("127.0.0.1"), Port: 80})
	if err != nil || own.Six != 0 || own.Any != 0 || own.Address[0] == 0 || own.Address[1] != 0 {
		t.Errorf("%+v, %v", own, err)
	}
	for _, ip := range []net.IP{nil, net.IPv4zero, net.IPv6unspecified} {
		if own, err := describeListener(&net.TCPAddr{IP: ip, Port: 80}); err != nil || own.Any != 1 {
			t.Errorf("%v: %+v, %v", ip, own, err)
		}
	}
	if _, err := describeListener(&net.UDPAddr{Port: 80}); err == nil {
		t.Error("took a UDP address")
	}
}
