package loadgen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

const (
	// idleTogether connections are opened at a time.
	idleTogether = 32
	// idleDialTimeout leaves time for a listener whose queue overflows for a moment: the kernel asks again after 1 s and 3 s.
	idleDialTimeout = 5 * time.Second
	// perSource connections to one address are made from one address of ours. The kernel has some 28,000 ports for them,
	// and those that carry requests want some too.
	perSource = 20_000
)

// idleSet is a target's connections that carry no requests: what a variant pays for having them is what they are for.
type idleSet struct {
	conns []net.Conn
	watch idleWatch
}

// sources counts the idle connections to each address, and so says which address of ours the next is made from.
type sources map[string]int

// next returns where the next connection to address comes from; nil where the kernel may choose.
func (s sources) next(address string) net.Addr {
	place := s[address] / perSource
	s[address]++
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host).To4(); place > 0 && err == nil && ip != nil && ip.IsLoopback() {
		return &net.TCPAddr{IP: net.IPv4(127, 0, byte((place+1)>>8), byte(place+1))}
	}
	return nil
}

// openIdle opens so many connections to a target. It returns the first failure, and then none stays open.
func openIdle(ctx context.Context, t *target, count int, from sources) (*idleSet, error) {
	set := &idleSet{conns: make([]net.Conn, count)}
	locals := make([]net.Addr, count)
	for index := range locals {
		locals[index] = from.next(t.address)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		taken   atomic.Int64
		working sync.WaitGroup
		once    sync.Once
		first   error
	)
	for range min(idleTogether, count) {
		working.Go(func() {
			for index := taken.Add(1) - 1; index < int64(count) && ctx.Err() == nil; index = taken.Add(1) - 1 {
				nc, err := dialIdle(ctx, t, locals[index])
				if err != nil {
					once.Do(func() { first = fmt.Errorf("idle connection %d of %d: %w", index+1, count, err) })
					cancel()
					return
				}
				set.conns[index] = nc
			}
		})
	}
	working.Wait()
	if first == nil {
		first = ctx.Err()
	}
	if first == nil {
		first = set.watch.begin(set.conns)
	}
	if first != nil {
		set.close()
		return nil, first
	}
	return set, nil
}

func dialIdle(ctx context.Context, t *target, local net.Addr) (net.Conn, error) {
	dialer := net.Dialer{Timeout: idleDialTimeout, LocalAddr: local, KeepAlive: -1}
	nc, err := dialer.DialContext(ctx, "tcp", t.address)
	if err != nil {
		return nil, describeDialError(t.address, err)
	}
	if !t.h2 {
		return nc, nil
	}
	if err := greet(nc); err != nil {
		_ = nc.Close()
		return nil, errors.New("connect " + t.address + ": no HTTP/2: " + err.Error())
	}
	return nc, nil
}

// greet exchanges settings, without which a server would not keep the connection.
func greet(nc net.Conn) error {
	_ = nc.SetDeadline(time.Now().Add(idleDialTimeout))
	if _, err := nc.Write(greeting); err != nil {
		return err
	}
	framer := http2.NewFramer(nc, bufio.NewReaderSize(nc, 1<<10))
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return err
		}
		if settings, ok := frame.(*http2.SettingsFrame); ok && !settings.IsAck() {
			break
		}
	}
	if err := framer.WriteSettingsAck(); err != nil {
		return err
	}
	return nc.SetDeadline(time.Time{})
}

// sound returns an error when the server has closed some of them: they would not be what they are said to be.
func (s *idleSet) sound() error {
	if s == nil {
		return nil
	}
	if lost := s.watch.lost(); lost > 0 {
		return fmt.Errorf("%d of %d idle connections were closed by the server", lost, len(s.conns))
	}
	return nil
}

func (s *idleSet) close() {
	if s == nil {
		return
	}
	s.watch.end()
	for _, nc := range s.conns {
		if nc != nil {
			leaveNoTimeWait(nc)
			_ = nc.Close()
		}
	}
}
