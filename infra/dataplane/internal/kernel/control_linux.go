package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/bpf"
)

// mostEndpoints is how many the programs have a place for (MM_MOST_ENDPOINTS in agent.c).
const mostEndpoints = 16

// Where virtual addresses come from. Nothing listens there, so that a connection that no program redirects is refused.
var virtualHosts = map[bool]string{true: "127.77.0.1", false: "::1"}

func (a *agent) addRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /endpoints", answering(a.postEndpoint))
	mux.HandleFunc("POST /virtual", answering(a.postVirtual))
	mux.HandleFunc("PUT /policy", answering(a.putPolicy))
	mux.HandleFunc("GET /policy", func(answer http.ResponseWriter, _ *http.Request) { writeJSON(answer, a.policy()) })
}

// answering is a handler that reads one JSON object and answers with another, or with 400 and a line.
func answering[Q, A any](handle func(Q) (A, error)) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		var question Q
		decoder := json.NewDecoder(http.MaxBytesReader(answer, request.Body, 1<<20))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&question); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		said, err := handle(question)
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(answer, said)
	}
}

func writeJSON(answer http.ResponseWriter, value any) {
	answer.Header().Set("Content-Type", "application/json")
	// An asker that has gone away is no fault of ours.
	_ = json.NewEncoder(answer).Encode(value)
}

type endpointQuestion struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

type nothing struct{}

// postEndpoint makes connections to a server the programs' business, from the next one on.
func (a *agent) postEndpoint(question endpointQuestion) (nothing, error) {
	address, err := parseEndpoint(question.Address)
	if err != nil {
		return nothing{}, err
	}
	if question.Name == "" {
		return nothing{}, errors.New("an endpoint needs a name")
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for _, known := range a.endpoints {
		if known.address == address || known.name == question.Name {
			return nothing{}, fmt.Errorf("%s is an endpoint already, as %s", known.address, known.name)
		}
	}
	if len(a.endpoints) == mostEndpoints {
		return nothing{}, fmt.Errorf("there is no place for more than %d endpoints", mostEndpoints)
	}
	if a.objects.MmEndpoints != nil {
		place := uint32(len(a.endpoints) + 1)
		if err := a.objects.MmEndpoints.Put(keyOf(address), place); err != nil {
			return nothing{}, fmt.Errorf("tell the programs of %s: %w", address, err)
		}
	}
	a.endpoints = append(a.endpoints, registered{question.Name, address})
	return nothing{}, nil
}

type virtualQuestion struct {
	To string `json:"to"`
}

type virtualAnswer struct {
	Address string `json:"address"`
}

// tellFlags does what the admin port would have been asked for, by what the flags say.
func (a *agent) tellFlags() error {
	for _, text := range a.options.Endpoints {
		name, address, _ := strings.Cut(text, "=")
		if _, err := a.postEndpoint(endpointQuestion{Name: name, Address: address}); err != nil {
			return fmt.Errorf("--endpoint %s: %w", text, err)
		}
	}
	for _, text := range a.options.Virtual {
		from, to, _ := strings.Cut(text, "=")
		wanted, err := parseEndpoint(from)
		if err == nil {
			_, err = a.lead(wanted, to)
		}
		if err != nil {
			return fmt.Errorf("--virtual %s: %w", text, err)
		}
	}
	if len(a.options.Deny) > 0 {
		if _, err := a.putPolicy(policyQuestion{Deny: a.options.Deny}); err != nil {
			return fmt.Errorf("--deny: %w", err)
		}
	}
	return nil
}

// postVirtual hands out an address that leads to another.
func (a *agent) postVirtual(question virtualQuestion) (virtualAnswer, error) {
	return a.lead(netip.AddrPort{}, question.To)
}

// lead makes connections to one address go to another; the kernel chooses the first where it is the zero value.
func (a *agent) lead(from netip.AddrPort, target string) (virtualAnswer, error) {
	to, err := parseEndpoint(target)
	if err != nil {
		return virtualAnswer{}, err
	}
	if !a.options.Connect && !a.options.Redirect && !a.options.Policy {
		return virtualAnswer{}, errors.New("this agent redirects nothing: start it with --connect or --redirect")
	}
	if a.options.Redirect && !to.Addr().IsLoopback() {
		return virtualAnswer{}, fmt.Errorf("%s is not on loopback, which is where nftables redirects to", to)
	}
	if from == (netip.AddrPort{}) {
		from = netip.AddrPortFrom(netip.MustParseAddr(virtualHosts[to.Addr().Is4()]), 0)
	}
	address, holder, err := reserve(from)
	if err != nil {
		return virtualAnswer{}, err
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.rules != nil {
		err = a.rules.add(address, to)
	} else {
		err = a.objects.MmVirtual.Put(keyOf(address), keyOf(to))
	}
	if err != nil {
		holder.Close()
		return virtualAnswer{}, fmt.Errorf("lead %s to %s: %w", address, to, err)
	}
	a.reserved[address] = holder
	return virtualAnswer{address.String()}, nil
}

// reserve binds a port, which the kernel chooses when it is 0, without listening on it: nobody else gets it, and a connection
// to it is refused.
func reserve(wanted netip.AddrPort) (netip.AddrPort, *os.File, error) {
	host, port := wanted.Addr(), int(wanted.Port())
	family := unix.AF_INET6
	var any unix.Sockaddr = &unix.SockaddrInet6{Addr: host.As16(), Port: port}
	if host.Is4() {
		family = unix.AF_INET
		any = &unix.SockaddrInet4{Addr: host.As4(), Port: port}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return netip.AddrPort{}, nil, os.NewSyscallError("socket", err)
	}
	holder := os.NewFile(uintptr(fd), "reserved address")
	if err := unix.Bind(fd, any); err != nil {
		holder.Close()
		return netip.AddrPort{}, nil, fmt.Errorf("reserve %s: %w", wanted, os.NewSyscallError("bind", err))
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		holder.Close()
		return netip.AddrPort{}, nil, os.NewSyscallError("getsockname", err)
	}
	switch address := bound.(type) {
	case *unix.SockaddrInet4:
		port = address.Port
	case *unix.SockaddrInet6:
		port = address.Port
	}
	return netip.AddrPortFrom(host, uint16(port)), holder, nil
}

type policyQuestion struct {
	Deny []string `json:"deny"`
}

type policyAnswer struct {
	Version int      `json:"version"`
	Deny    []string `json:"deny,omitempty"`
	// AppliedMicros is how long it took until every program judged by the new list.
	AppliedMicros int64 `json:"appliedMicros"`
	// SocketsDestroyed counts connections that were cut because they had become forbidden.
	SocketsDestroyed int `json:"socketsDestroyed"`
}

// putPolicy replaces the list of what is denied while traffic flows.
func (a *agent) putPolicy(question policyQuestion) (policyAnswer, error) {
	if !a.options.Policy {
		return policyAnswer{}, errors.New("this agent was started without --policy")
	}
	denied := make([]netip.AddrPort, len(question.Deny))
	for i, text := range question.Deny {
		address, err := parseEndpoint(text)
		if err != nil {
			return policyAnswer{}, err
		}
		denied[i] = address
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	began := time.Now()
	// What is newly denied first: at no time is anything allowed that both lists deny.
	for _, address := range denied {
		if err := a.objects.MmDenied.Put(keyOf(address), uint8(1)); err != nil {
			return policyAnswer{}, fmt.Errorf("deny %s: %w", address, err)
		}
	}
	kept := map[bpf.AgentMmEndpoint]bool{}
	for _, address := range denied {
		kept[keyOf(address)] = true
	}
	for _, address := range a.denied {
		key := keyOf(address)
		if kept[key] {
			continue
		}
		if err := a.objects.MmDenied.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return policyAnswer{}, fmt.Errorf("allow %s: %w", address, err)
		}
	}
	applied := time.Since(began)
	a.denied = denied
	a.version++
	return policyAnswer{
		Version: a.version, AppliedMicros: applied.Microseconds(), SocketsDestroyed: a.destroyDenied(),
	}, nil
}

func (a *agent) policy() policyAnswer {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	answer := policyAnswer{Version: a.version, Deny: []string{}}
	for _, address := range a.denied {
		answer.Deny = append(answer.Deny, address.String())
	}
	return answer
}
