package sidecar

import (
	"flag"
	"fmt"
	"math"
	"net"
	"slices"
	"time"
)

// Options say what one half of a hop does. validate explains which combinations there are.
type Options struct {
	// Role names the process: "outbound", "gateway" or "inbound".
	Role     string
	Upstream string
	// ListenProtocol and UpstreamProtocol are "http1", "h2", "h3" or "tcp". h2 without TLS is HTTP/2 with prior knowledge.
	ListenProtocol   string
	UpstreamProtocol string

	// HTTP is the implementation: "net-http" or "lean".
	HTTP string
	// Concurrency is "goroutine", "worker-pool", "event-loop" or "channel".
	Concurrency string
	// Workers bounds the goroutines of "worker-pool".
	Workers int

	// Buffers is "fresh" or "pooled".
	Buffers string
	// UpstreamConnections is "pooled" or "fresh": kept for reuse, or one for each request.
	UpstreamConnections string
	// IdleUpstreamConnections are kept open for reuse.
	IdleUpstreamConnections int

	// ListenSecurity and UpstreamSecurity are "plain" or "mtls".
	ListenSecurity   string
	UpstreamSecurity string
	// CertificateFile, KeyFile and CAFile are PEM files: this workload's identity, and whom it trusts.
	CertificateFile string
	KeyFile         string
	CAFile          string
	// TLSVersion is "1.2" or "1.3", and nothing else is spoken.
	TLSVersion string
	// TLSCipher is "auto", "aes-128-gcm", "aes-256-gcm" or "chacha20-poly1305".
	TLSCipher string
	// TLSResumption has sessions resumed by tickets.
	TLSResumption bool
	// EarlyData sends safe requests as 0-RTT data where a session is resumed (h3).
	EarlyData bool

	// Policy is "none", "remote" (a call to PolicyServer for each request) or "cached".
	Policy         string
	PolicyServer   string
	PolicyCacheTTL time.Duration

	// Duties are "bare" or "mesh"; AccessLog, with mesh, writes a line for each request.
	Duties    string
	AccessLog string
	// HopTimes has the time a request spends here and upstream added up.
	HopTimes bool

	// Forwarding is "copy", or "sockmap": in the kernel, by programs on the cgroup at KernelCgroup (tcp).
	Forwarding   string
	KernelCgroup string
	// Intercepted has the original destination of each accepted connection looked up.
	Intercepted bool

	// Burn is the CPU time wasted for each request, for tests of the harness.
	Burn time.Duration
}

// addFlags defines the options' flags; what it returns completes them once they are parsed.
func addFlags(flags *flag.FlagSet, o *Options) (complete func()) {
	flags.StringVar(&o.Role, "role", "outbound", "outbound, gateway or inbound")
	flags.StringVar(&o.Upstream, "upstream", "", "`host:port` to forward to")
	flags.StringVar(&o.ListenProtocol, "listen-protocol", "http1", "http1, h2, h3 or tcp")
	flags.StringVar(&o.UpstreamProtocol, "upstream-protocol", "", "http1, h2, h3 or tcp; the listening side's unless given")
	flags.StringVar(&o.HTTP, "http", "net-http", "net-http or lean")
	flags.StringVar(&o.Concurrency, "concurrency", "goroutine", "goroutine, worker-pool, event-loop or channel")
	flags.IntVar(&o.Workers, "workers", 64, "bound on the goroutines of --concurrency worker-pool")
	flags.StringVar(&o.Buffers, "buffers", "fresh", "fresh or pooled copy buffers")
	flags.StringVar(&o.UpstreamConnections, "upstream-connections", "pooled", "pooled, or fresh: one for each request")
	flags.IntVar(&o.IdleUpstreamConnections, "idle-upstream-connections", 64, "upstream connections kept for reuse")
	flags.StringVar(&o.ListenSecurity, "listen-security", "plain", "plain or mtls")
	flags.StringVar(&o.UpstreamSecurity, "upstream-security", "plain", "plain or mtls")
	flags.StringVar(&o.CertificateFile, "certificate", "", "PEM `file` of this workload's certificate")
	flags.StringVar(&o.KeyFile, "key", "", "PEM `file` of its private key")
	flags.StringVar(&o.CAFile, "ca", "", "PEM `file` of the authorities whose peers are trusted")
	flags.StringVar(&o.TLSVersion, "tls-version", "1.3", "1.2 or 1.3")
	flags.StringVar(&o.TLSCipher, "tls-cipher", "auto", "auto, aes-128-gcm, aes-256-gcm or chacha20-poly1305")
	flags.BoolVar(&o.TLSResumption, "tls-resumption", true, "resume sessions by tickets")
	flags.BoolVar(&o.EarlyData, "early-data", false, "send safe requests as 0-RTT data of resumed sessions (h3)")
	flags.StringVar(&o.Policy, "policy", "none", "none, remote or cached")
	flags.StringVar(&o.PolicyServer, "policy-server", "", "`host:port` of the policy server")
	flags.DurationVar(&o.PolicyCacheTTL, "policy-cache-ttl", 30*time.Second, "how long a cached decision holds")
	flags.StringVar(&o.Duties, "duties", "bare", "bare or mesh")
	flags.StringVar(&o.AccessLog, "access-log", "", "with --duties mesh: `file` that a line is written to for each request")
	flags.BoolVar(&o.HopTimes, "hop-times", true, "add up the time spent here and upstream")
	flags.StringVar(&o.Forwarding, "forwarding", "copy", "copy, or sockmap: the kernel forwards between the sockets (tcp)")
	flags.StringVar(&o.KernelCgroup, "kernel-cgroup", "", "with --forwarding sockmap: `directory` of the cgroup v2 that this process is in; pod:DIR for its pod's below DIR")
	flags.BoolVar(&o.Intercepted, "intercepted", false, "look up where accepted connections were meant to go (Linux, not h3)")
	burnMicros := flags.Float64("burn-micros", 0, "for tests: `microseconds` of CPU to burn for each request")
	return func() {
		o.Burn = time.Duration(math.Round(*burnMicros * 1000))
		if o.UpstreamProtocol == "" {
			o.UpstreamProtocol = o.ListenProtocol
		}
	}
}

func (o Options) validate() error {
	for _, check := range []func() error{o.checkWords, o.checkEngine, o.checkSecurity, o.checkPolicy, o.checkKernel} {
		if err := check(); err != nil {
			return err
		}
	}
	if _, _, err := net.SplitHostPort(o.Upstream); err != nil {
		return fmt.Errorf("--upstream must be host:port: %w", err)
	}
	return nil
}

func (o Options) checkWords() error {
	for _, word := range []struct {
		flag, given string
		known       []string
	}{
		{"role", o.Role, []string{"outbound", "gateway", "inbound"}},
		{"listen-protocol", o.ListenProtocol, []string{"http1", "h2", "h3", "tcp"}},
		{"upstream-protocol", o.UpstreamProtocol, []string{"http1", "h2", "h3", "tcp"}},
		{"http", o.HTTP, []string{"net-http", "lean"}},
		{"concurrency", o.Concurrency, []string{"goroutine", "worker-pool", "event-loop", "channel"}},
		{"buffers", o.Buffers, []string{"fresh", "pooled"}},
		{"upstream-connections", o.UpstreamConnections, []string{"pooled", "fresh"}},
		{"listen-security", o.ListenSecurity, []string{"plain", "mtls"}},
		{"upstream-security", o.UpstreamSecurity, []string{"plain", "mtls"}},
		{"tls-version", o.TLSVersion, []string{"1.2", "1.3"}},
		{"tls-cipher", o.TLSCipher, []string{"auto", "aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"}},
		{"policy", o.Policy, []string{"none", "remote", "cached"}},
		{"duties", o.Duties, []string{"bare", "mesh"}},
		{"forwarding", o.Forwarding, []string{"copy", "sockmap"}},
	} {
		if !slices.Contains(word.known, word.given) {
			return fmt.Errorf("--%s must be one of %v, got %q", word.flag, word.known, word.given)
		}
	}
	return nil
}

func (o Options) checkEngine() error {
	http1 := o.ListenProtocol == "http1" && o.UpstreamProtocol == "http1"
	tcp := o.ListenProtocol == "tcp"
	plain := o.ListenSecurity == "plain" && o.UpstreamSecurity == "plain"
	switch {
	case tcp != (o.UpstreamProtocol == "tcp"):
		return fmt.Errorf("--listen-protocol tcp goes with --upstream-protocol tcp and no other")
	case o.HTTP == "lean" && !http1:
		return fmt.Errorf("--http lean speaks http1 on both sides only")
	case (o.Concurrency == "worker-pool" || o.Concurrency == "event-loop") && o.HTTP != "lean":
		return fmt.Errorf("--concurrency %s needs --http lean: net/http starts a goroutine for each connection", o.Concurrency)
	case (o.Concurrency == "worker-pool" || o.Concurrency == "event-loop") && !plain:
		return fmt.Errorf("--concurrency %s cannot speak TLS: crypto/tls blocks", o.Concurrency)
	case o.Concurrency == "channel" && (o.HTTP != "net-http" || tcp):
		return fmt.Errorf("--concurrency channel needs --http net-http and a protocol with requests")
	case o.Workers < 1:
		return fmt.Errorf("--workers must be at least 1, got %d", o.Workers)
	case o.IdleUpstreamConnections < 1:
		return fmt.Errorf("--idle-upstream-connections must be at least 1, got %d", o.IdleUpstreamConnections)
	case o.Burn < 0:
		return fmt.Errorf("--burn-micros must not be negative")
	case o.Burn > 0 && tcp:
		return fmt.Errorf("--burn-micros needs a protocol with requests: tcp sees none")
	case o.Duties == "mesh" && tcp:
		return fmt.Errorf("--duties mesh needs a protocol with requests: tcp sees none")
	case o.AccessLog != "" && o.Duties != "mesh":
		return fmt.Errorf("--access-log needs --duties mesh")
	}
	return nil
}

func (o Options) checkSecurity() error {
	secured := o.ListenSecurity == "mtls" || o.UpstreamSecurity == "mtls"
	switch {
	case secured && (o.CertificateFile == "" || o.KeyFile == "" || o.CAFile == ""):
		return fmt.Errorf("mtls needs --certificate, --key and --ca")
	case o.ListenProtocol == "h3" && o.ListenSecurity != "mtls", o.UpstreamProtocol == "h3" && o.UpstreamSecurity != "mtls":
		return fmt.Errorf("h3 needs mtls on its side: QUIC has no plain form")
	case (o.ListenProtocol == "h3" || o.UpstreamProtocol == "h3") && o.TLSVersion != "1.3":
		return fmt.Errorf("h3 needs --tls-version 1.3")
	case o.TLSCipher == "aes-256-gcm" && o.TLSVersion == "1.3":
		return fmt.Errorf("--tls-cipher aes-256-gcm needs --tls-version 1.2: Go chooses TLS 1.3 suites by itself and never this one")
	case o.EarlyData && o.UpstreamProtocol != "h3" && o.ListenProtocol != "h3":
		return fmt.Errorf("--early-data needs h3: crypto/tls has no early data over TCP")
	case o.EarlyData && !o.TLSResumption:
		return fmt.Errorf("--early-data needs --tls-resumption: only a resumed session has keys before its handshake")
	}
	return nil
}

func (o Options) checkPolicy() error {
	switch {
	case o.Policy == "none":
		return nil
	case o.ListenProtocol == "tcp":
		return fmt.Errorf("--policy needs a protocol with requests: tcp sees none")
	case o.HTTP == "lean":
		return fmt.Errorf("--policy needs --http net-http")
	case o.PolicyCacheTTL <= 0:
		return fmt.Errorf("--policy-cache-ttl must be above 0")
	}
	if _, _, err := net.SplitHostPort(o.PolicyServer); err != nil {
		return fmt.Errorf("--policy-server must be host:port: %w", err)
	}
	return nil
}
