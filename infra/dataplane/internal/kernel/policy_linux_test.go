package kernel

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"meshmark/dataplane/internal/streamtest"
)

// flow asks again and again, over one connection or over a new one for each question, and remembers when it was answered.
type flow struct {
	name       string
	address    string
	fresh      bool
	answered   atomic.Int64
	lastAnswer atomic.Int64
	failed     atomic.Int64
	refused    atomic.Int64
}

const answerLimit = 300 * time.Millisecond

func (f *flow) run(stop <-chan struct{}) {
	var connection net.Conn
	question, answer := []byte("?"), make([]byte, 1)
	for {
		select {
		case <-stop:
			if connection != nil {
				connection.Close()
			}
			return
		default:
		}
		if connection == nil {
			dialled, err := net.DialTimeout("tcp", f.address, answerLimit)
			if err != nil {
				f.failed.Add(1)
				if errors.Is(err, syscall.EPERM) {
					f.refused.Add(1)
				}
				time.Sleep(time.Millisecond)
				continue
			}
			connection = dialled
		}
		_ = connection.SetDeadline(time.Now().Add(answerLimit))
		_, err := connection.Write(question)
		if err == nil {
			_, err = connection.Read(answer)
		}
		if err == nil {
			f.answered.Add(1)
			f.lastAnswer.Store(time.Now().UnixNano())
		} else {
			f.failed.Add(1)
		}
		if f.fresh || err != nil {
			connection.Close()
			connection = nil
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// A denial takes effect while traffic flows, on connections that stand as well as on new ones, and nothing else notices.
func TestDenyTakesEffectUnderLoad(t *testing.T) {
	for _, messages := range []bool{false, true} {
		for _, family := range families {
			for _, named := range []string{"virtual", "real"} {
				name := map[bool]string{false: "ordinary flows", true: "redirected flows"}[messages] +
					", " + family.network + ", by the " + named + " address"
				t.Run(name, func(t *testing.T) { denyUnderLoad(t, messages, family.listen, named) })
			}
		}
	}
}

func denyUnderLoad(t *testing.T, messages bool, listen, named string) {
	options := Options{Connect: true, Policy: true, Messages: messages}
	agent := startAgent(t, hooked(t, options), flagsOf(options)...)
	forbidden, allowed := streamtest.Listen(t, listen, echo), streamtest.Listen(t, listen, echo)
	agent.register("forbidden", forbidden)
	agent.register("allowed", allowed)
	virtual := agent.virtual(forbidden)
	toForbidden, toAllowed := virtual, agent.virtual(allowed)
	flows := []*flow{
		{name: "standing connection", address: toForbidden},
		{name: "new connections", address: toForbidden, fresh: true},
		{name: "standing connection, allowed", address: toAllowed},
		{name: "new connections, allowed", address: toAllowed, fresh: true},
	}
	stop := make(chan struct{})
	done := make(chan struct{}, len(flows))
	for _, one := range flows {
		go func() { one.run(stop); done <- struct{}{} }()
	}
	await(t, "all flows to be answered", func() bool {
		for _, one := range flows {
			if one.answered.Load() < 50 {
				return false
			}
		}
		return true
	})

	began := time.Now()
	denied := agent.deny(map[string]string{"virtual": virtual, "real": forbidden}[named])
	await(t, "denied flows to fail", func() bool { return flows[0].failed.Load() > 3 && flows[1].refused.Load() > 3 })
	for _, one := range flows[:2] {
		last := time.Duration(one.lastAnswer.Load() - began.UnixNano())
		t.Logf("%s: last answer %v after the update was sent; programs judged by it after %d µs; %d sockets destroyed",
			one.name, last.Round(10*time.Microsecond), denied.AppliedMicros, denied.SocketsDestroyed)
		if last > time.Second {
			t.Errorf("%s was answered for %v after the denial", one.name, last)
		}
	}
	answered := flows[0].answered.Load() + flows[1].answered.Load()
	time.Sleep(50 * time.Millisecond)
	if now := flows[0].answered.Load() + flows[1].answered.Load(); now != answered {
		t.Errorf("%d answers got through after the denial held", now-answered)
	}
	if messages && agent.counters()["messagesRedirected"] == 0 {
		t.Error("no message was redirected")
	}

	// Allowed again, new connections are made and answered.
	agent.deny()
	await(t, "allowed flows to be answered again", func() bool {
		return flows[0].answered.Load()+flows[1].answered.Load() > answered+20
	})
	close(stop)
	for range flows {
		<-done
	}
	for _, one := range flows[2:] {
		if one.failed.Load() > 0 {
			t.Errorf("%s failed %d times of %d", one.name, one.failed.Load(), one.answered.Load())
		}
	}
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
