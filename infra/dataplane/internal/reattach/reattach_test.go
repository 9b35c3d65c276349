package reattach

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// echoing says every line back, in capitals, after a greeting.
func echoing(stdin io.Reader, stdout io.Writer) int {
	fmt.Fprintln(stdout, "READY")
	lines := bufio.NewScanner(stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintln(stdout, strings.ToUpper(lines.Text()))
	}
	return 7
}

func serve(t *testing.T, patience time.Duration) (net.Listener, chan int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	ended := make(chan int, 1)
	go func() { ended <- Serve(listener, patience, echoing) }()
	return listener, ended
}

type asker struct {
	t     *testing.T
	nc    net.Conn
	lines *bufio.Reader
}

func attach(t *testing.T, listener net.Listener, greeting string) *asker {
	t.Helper()
	nc, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	a := &asker{t, nc, bufio.NewReader(nc)}
	a.send(greeting)
	return a
}

// begun is an asker that has heard the program's greeting.
func begun(t *testing.T, listener net.Listener) *asker {
	t.Helper()
	a := attach(t, listener, `{"from":0}`)
	a.hears(`"received":0`)
	a.hears("READY")
	return a
}

func (a *asker) send(line string) { fmt.Fprintln(a.nc, line) }

func (a *asker) hears(want string) {
	a.t.Helper()
	line, err := a.lines.ReadString('\n')
	if err != nil || !strings.Contains(line, want) {
		a.t.Fatalf("heard %q (%v), want %q", line, err, want)
	}
}

func (a *asker) endsIn() {
	a.t.Helper()
	if _, err := a.lines.ReadByte(); err == nil {
		a.t.Fatal("the connection goes on")
	}
}

func TestNothingIsMissedOrHeardTwiceOverALostConnection(t *testing.T) {
	listener, _ := serve(t, time.Minute)
	first := begun(t, listener)
	first.send("one")
	first.hears("ONE")
	first.send("two")
	first.hears("TWO")
	first.nc.Close()
	// It has heard three lines, of which it says that the last was lost on the way.
	second := attach(t, listener, `{"from":2}`)
	second.hears(`"received":2`)
	second.hears("TWO")
	second.send("three")
	second.hears("THREE")
}

func TestANewConnectionTakesTheOldOnesPlace(t *testing.T) {
	listener, _ := serve(t, time.Minute)
	first := begun(t, listener)
	second := attach(t, listener, `{"from":1}`)
	second.hears(`"received":0`)
	first.endsIn()
	second.send("x")
	second.hears("X")
}

func TestALongLineIsOneLine(t *testing.T) {
	listener, _ := serve(t, time.Minute)
	a := attach(t, listener, `{"from":1}`)
	a.hears(`"received":0`)
	long := strings.Repeat("a", 300<<10)
	a.send(long)
	a.hears(strings.ToUpper(long))
}

func TestTheProgramEndsWhenNobodyComesBack(t *testing.T) {
	listener, ended := serve(t, 200*time.Millisecond)
	a := attach(t, listener, `{"from":0}`)
	a.hears(`"received":0`)
	time.Sleep(400 * time.Millisecond)
	select {
	case <-ended:
		t.Fatal("it ended while somebody was there")
	default:
	}
	a.nc.Close()
	select {
	case code := <-ended:
		if code != 7 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on for nobody")
	}
}

func TestWhatBeginsOtherwiseIsRefused(t *testing.T) {
	listener, _ := serve(t, time.Minute)
	for _, greeting := range []string{"hello", "{}", `{"from":-1}`, `{"from":99}`} {
		a := attach(t, listener, greeting)
		a.hears(`"error"`)
		a.endsIn()
	}
}
