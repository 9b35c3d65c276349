package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"
)

// redirection is a table of nftables that sends connections to virtual addresses to real ports of this machine. The kernel
// removes it when the nft process that made it ends (NFT_TABLE_F_OWNER, nft(8) "flags owner"), and that one ends with this
// process, since it reads its commands from a pipe.
type redirection struct {
	table   string
	program string
	command *exec.Cmd
	stdin   io.WriteCloser
	rules   []redirected
}

type redirected struct {
	from netip.AddrPort
	to   netip.AddrPort
}

// ruleLimit is how long a rule may take to appear.
const ruleLimit = 5 * time.Second

func startRedirection() (*redirection, error) {
	program, err := findNft()
	if err != nil {
		return nil, err
	}
	r := &redirection{table: fmt.Sprintf("meshmark_%d", os.Getpid()), program: program}
	r.command = exec.Command(program, "--interactive")
	if r.stdin, err = r.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	err = r.tell(
		fmt.Sprintf("add table inet %s { flags owner; }", r.table),
		fmt.Sprintf("add chain inet %s out { type nat hook output priority -100; }", r.table),
	)
	if err == nil {
		err = r.await(func(list nftList) bool { return list.has("chain") })
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func findNft() (string, error) {
	for _, name := range []string{"nft", "/usr/sbin/nft", "/sbin/nft"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("nft is not installed (Debian package nftables)")
}

func (r *redirection) close() {
	r.stdin.Close()
	_ = r.command.Process.Kill()
	_ = r.command.Wait()
}

// add sends connections to one address to the port of another on this machine, and returns once it holds.
func (r *redirection) add(from, to netip.AddrPort) error {
	family := "ip"
	if from.Addr().Is6() {
		family = "ip6"
	}
	err := r.tell(fmt.Sprintf("add rule inet %s out %s daddr %s tcp dport %d counter redirect to :%d",
		r.table, family, from.Addr(), from.Port(), to.Port()))
	if err != nil {
		return err
	}
	r.rules = append(r.rules, redirected{from, to})
	return r.await(func(list nftList) bool { return len(list.counters()) >= len(r.rules) })
}

func (r *redirection) tell(commands ...string) error {
	_, err := io.WriteString(r.stdin, strings.Join(commands, "\n")+"\n")
	return err
}

// await asks for the table until it is as it should be.
func (r *redirection) await(as func(nftList) bool) error {
	for deadline := time.Now().Add(ruleLimit); ; time.Sleep(5 * time.Millisecond) {
		list, err := r.list()
		if err == nil && as(list) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("nftables did not take it (the kernel needs CONFIG_NFT_REDIR and nat in inet tables): %w",
				errors.Join(err, errors.New("its table is not there")))
		}
	}
}

// connectionsByTarget counts connections by where they were sent: nat rules see the first packet of each.
func (r *redirection) connectionsByTarget() map[netip.AddrPort]int64 {
	list, err := r.list()
	if err != nil {
		return nil
	}
	counted := map[netip.AddrPort]int64{}
	// Rules are listed in the order in which they were added.
	for i, packets := range list.counters() {
		if i < len(r.rules) {
			counted[r.rules[i].to] += packets
		}
	}
	return counted
}

// nftList is what nft -j prints (libnftables-json(5)).
type nftList struct {
	Nftables []map[string]json.RawMessage `json:"nftables"`
}

func (r *redirection) list() (nftList, error) {
	var list nftList
	text, err := exec.Command(r.program, "--json", "list", "table", "inet", r.table).Output()
	if err != nil {
		return list, err
	}
	return list, json.Unmarshal(text, &list)
}

func (l nftList) has(kind string) bool {
	for _, object := range l.Nftables {
		if _, is := object[kind]; is {
			return true
		}
	}
	return false
}

// counters are the packets that each rule counted, in order.
func (l nftList) counters() []int64 {
	var packets []int64
	for _, object := range l.Nftables {
		var rule struct {
			Expr []struct {
				Counter *struct {
					Packets int64 `json:"packets"`
				} `json:"counter"`
			} `json:"expr"`
		}
		raw, is := object["rule"]
		if !is || json.Unmarshal(raw, &rule) != nil {
			continue
		}
		for _, expression := range rule.Expr {
			if expression.Counter != nil {
				packets = append(packets, expression.Counter.Packets)
			}
		}
	}
	return packets
}
