package loopback

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/clock"
)

// requestBytes is about what a small HTTP/1.1 request takes.
const requestBytes = 100

// result is the one line that is printed.
type result struct {
	RoundTrips int   `json:"roundTrips"`
	MedianNs   int64 `json:"medianNs"`
	P99Ns      int64 `json:"p99Ns"`
}

// Main measures and returns the process's exit code.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("loopback", flag.ContinueOnError)
	flags.SetOutput(stderr)
	cpus := flags.String("cpus", "0,1", "`cores` of the client and of the server")
	answerBytes := flags.Int("answer-bytes", 1024, "`bytes` of every answer")
	roundTrips := flags.Int("round-trips", 5000, "`number` of round trips")
	pause := flags.Duration("pause", 0, "`time` between them")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	client, server, err := coresOf(*cpus)
	if err == nil && (*answerBytes < 1 || *roundTrips < 1) {
		err = errors.New("--answer-bytes and --round-trips must be at least 1")
	}
	if err != nil {
		fmt.Fprintf(stderr, "dataplane loopback: %v\n", err)
		return 2
	}
	measured, err := measure(client, server, *answerBytes, *roundTrips, *pause)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(measured)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dataplane loopback: %v\n", err)
		return 1
	}
	return 0
}

func coresOf(list string) (client, server int, err error) {
	first, second, two := strings.Cut(list, ",")
	client, err1 := strconv.Atoi(first)
	server, err2 := strconv.Atoi(second)
	if !two || err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("--cpus wants two cores such as 0,1, got %q", list)
	}
	return client, server, nil
}

func measure(clientCore, serverCore, answerBytes, roundTrips int, pause time.Duration) (result, error) {
	near, far, err := connectedPair()
	if err != nil {
		return result{}, err
	}
	defer near.Close()
	served := make(chan error, 1)
	go func() { served <- serve(far, serverCore, answerBytes) }()
	times, err := ask(near, clientCore, answerBytes, roundTrips, pause)
	// The server's read ends when the client's socket is shut.
	if shut := unix.Shutdown(int(near.Fd()), unix.SHUT_RDWR); err == nil {
		err = shut
	}
	if ended := <-served; err == nil {
		err = ended
	}
	if err != nil {
		return result{}, err
	}
	slices.Sort(times)
	return result{len(times), times[len(times)/2], times[len(times)*99/100]}, nil
}

// connectedPair is a TCP connection over loopback whose ends block.
func connectedPair() (near, far *os.File, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	defer dialled.Close()
	accepted, err := listener.Accept()
	if err != nil {
		return nil, nil, err
	}
	defer accepted.Close()
	if near, err = blocking(dialled); err != nil {
		return nil, nil, err
	}
	if far, err = blocking(accepted); err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

func blocking(connection net.Conn) (*os.File, error) {
	tcp, ok := connection.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("not a TCP connection: %T", connection)
	}
	file, err := tcp.File()
	if err != nil {
		return nil, err
	}
	// Fd sets the descriptor to block, which is what is wanted here.
	return file, unix.SetNonblock(int(file.Fd()), false)
}

// stayOn locks the calling goroutine to a thread on that core, for good.
func stayOn(core int) error {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("core %d: %w", core, err)
	}
	return nil
}

func serve(far *os.File, core, answerBytes int) error {
	defer far.Close()
	if err := stayOn(core); err != nil {
		return err
	}
	request, answer := make([]byte, requestBytes), make([]byte, answerBytes)
	for {
		switch ended, err := readFull(int(far.Fd()), request); {
		case err != nil:
			return err
		case ended:
			return nil
		}
		if err := writeFull(int(far.Fd()), answer); err != nil {
			return err
		}
	}
}

func ask(near *os.File, core, answerBytes, roundTrips int, pause time.Duration) ([]int64, error) {
	if err := stayOn(core); err != nil {
		return nil, err
	}
	request, answer := make([]byte, requestBytes), make([]byte, answerBytes)
	times := make([]int64, 0, roundTrips)
	for range roundTrips {
		time.Sleep(pause)
		start := clock.MonotonicNs()
		if err := writeFull(int(near.Fd()), request); err != nil {
			return nil, err
		}
		switch ended, err := readFull(int(near.Fd()), answer); {
		case err != nil:
			return nil, err
		case ended:
			return nil, io.ErrUnexpectedEOF
		}
		times = append(times, clock.MonotonicNs()-start)
	}
	return times, nil
}

func writeFull(descriptor int, bytes []byte) error {
	for len(bytes) > 0 {
		n, err := unix.Write(descriptor, bytes)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		bytes = bytes[max(n, 0):]
	}
	return nil
}

// readFull fills bytes; ended says that the other side closed before the first of them.
func readFull(descriptor int, bytes []byte) (ended bool, err error) {
	for got := 0; got < len(bytes); {
		n, err := unix.Read(descriptor, bytes[got:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return false, err
		case n == 0 && got == 0:
			return true, nil
		case n == 0:
			return false, io.ErrUnexpectedEOF
		default:
			got += n
		}
	}
	return false, nil
}
