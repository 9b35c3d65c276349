// Package streamtest sends streams of bytes of every awkward kind through whatever lies between a client and a server, and
// compares each byte: ends at once, last words of the client, greetings of the server, single bytes, and bulk.
//
//	var heard atomic.Int64
//	upstream := streamtest.Serve(t, "tcp4", &heard)
//	got := streamtest.Run(t, addressOfAProxy, 0, 500, 16)
package streamtest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A stream is what both ends send, drawn from a seed that the client sends first; they check each other.
type stream struct {
	requestBytes, replyBytes int
	// serverFirst has the server greet before it has heard anything.
	serverFirst bool
	// replyAfterEnd has the server answer only when the client has ended.
	replyAfterEnd bool
	// lastWord has the client send once more when the server has ended.
	lastWord bool
	// chunk bounds a write; 1 writes byte by byte.
	chunk int
	seed  uint64
}

const greetingBytes = 100

func drawStream(seed uint64) stream {
	random := rand.New(rand.NewPCG(seed, 1))
	sizes := []int{0, 1, 100, 5000, 70_000, 300_000}
	s := stream{
		seed:         seed,
		requestBytes: sizes[random.IntN(len(sizes))], replyBytes: sizes[random.IntN(len(sizes))],
		replyAfterEnd: random.IntN(2) == 0, lastWord: random.IntN(4) == 0,
		chunk: []int{1000, 20_000, 100_000}[random.IntN(3)],
	}
	if random.IntN(5) == 0 {
		s.requestBytes, s.replyBytes, s.chunk = random.IntN(300), random.IntN(300), 1
	}
	if random.IntN(8) == 0 {
		s.requestBytes = 0
	}
	if seed%500 == 7 {
		s.requestBytes, s.replyBytes, s.chunk = 16<<20, 16<<20, 1<<20
	}
	return s
}

// Content is a stretch of bytes that follow from a seed and from what they are for.
func Content(seed uint64, which byte, count int) []byte {
	made := make([]byte, count)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), which}).Read(made)
	return made
}

// send writes in random pieces with pauses among them.
func (s stream) send(to io.Writer, what []byte, which byte) error {
	random := rand.New(rand.NewPCG(s.seed, uint64(which)))
	for len(what) > 0 {
		count := min(len(what), 1+random.IntN(s.chunk))
		if _, err := to.Write(what[:count]); err != nil {
			return err
		}
		what = what[count:]
		if random.IntN(20) == 0 {
			time.Sleep(time.Duration(random.IntN(300)) * time.Microsecond)
		}
	}
	return nil
}

// What Content is for.
const (
	OfRequest byte = iota
	ofReply
	ofLastWord
	ofGreeting
)

// Serve serves streams, whose seeds come first, and counts what it received.
func Serve(t testing.TB, network string, received *atomic.Int64) (address string) {
	return Listen(t, map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network], func(connection *net.TCPConn) {
		_ = connection.SetDeadline(time.Now().Add(60 * time.Second))
		if err := serveStream(connection, received); err != nil {
			t.Errorf("server: %v", err)
		}
	})
}

// Listen hands each connection to handle, and closes it after that, until the test ends. It skips the test where nobody
// can listen there, as on a machine without IPv6.
func Listen(t testing.TB, at string, handle func(*net.TCPConn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Skipf("cannot listen on %s: %v", at, err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				handle(connection.(*net.TCPConn))
			}()
		}
	}()
	return listener.Addr().String()
}

func serveStream(connection *net.TCPConn, received *atomic.Int64) error {
	if _, err := connection.Write(Content(0, ofGreeting, greetingBytes)); err != nil {
		return err
	}
	var head [8]byte
	count, err := io.ReadFull(connection, head[:])
	received.Add(int64(count))
	if err == io.EOF {
		return nil // A client that ends at once.
	}
	if err != nil {
		return fmt.Errorf("the head: %w", err)
	}
	seed := uint64(0)
	for _, b := range head {
		seed = seed<<8 | uint64(b)
	}
	s := drawStream(seed)
	replied := make(chan error, 1)
	reply := func() {
		err := s.send(connection, Content(seed, ofReply, s.replyBytes), ofReply)
		if err == nil {
			err = connection.CloseWrite()
		}
		replied <- err
	}
	if !s.replyAfterEnd || s.lastWord {
		go reply()
	}
	request, err := io.ReadAll(connection)
	received.Add(int64(len(request)))
	if err != nil {
		return fmt.Errorf("stream %d: request: %w after %d bytes", seed, err, len(request))
	}
	want := Content(seed, OfRequest, s.requestBytes)
	if s.lastWord {
		want = append(want, Content(seed, ofLastWord, greetingBytes)...)
	}
	if !bytes.Equal(request, want) {
		return fmt.Errorf("stream %d: the server got %d bytes, want %d, or others", seed, len(request), len(want))
	}
	if s.replyAfterEnd && !s.lastWord {
		go reply()
	}
	if err := <-replied; err != nil {
		return fmt.Errorf("stream %d: reply: %w", seed, err)
	}
	return nil
}

// runStream returns how many bytes the client received.
func runStream(address string, seed uint64) (int, error) {
	dialled, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return 0, err
	}
	connection := dialled.(*net.TCPConn)
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(60 * time.Second))
	s := drawStream(seed)
	if seed%20 == 3 {
		// An end without a word, to be heard by the server, whose greeting comes all the same.
		if err := connection.CloseWrite(); err != nil {
			return 0, err
		}
		got, err := io.ReadAll(connection)
		if err != nil || !bytes.Equal(got, Content(0, ofGreeting, greetingBytes)) {
			return len(got), fmt.Errorf("stream %d: %d bytes after an end at once: %w", seed, len(got), err)
		}
		return len(got), nil
	}
	if seed%3 == 0 {
		// The greeting first.
		greeting := make([]byte, greetingBytes)
		if _, err := io.ReadFull(connection, greeting); err != nil {
			return 0, fmt.Errorf("stream %d: greeting: %w", seed, err)
		}
		s.serverFirst = true
	}
	sent := make(chan error, 1)
	go func() {
		head := make([]byte, 8)
		for i := range head {
			head[i] = byte(seed >> (56 - 8*i))
		}
		_, err := connection.Write(head)
		if err == nil {
			err = s.send(connection, Content(seed, OfRequest, s.requestBytes), OfRequest)
		}
		if err == nil && !s.lastWord {
			err = connection.CloseWrite()
		}
		sent <- err
	}()
	reply, err := io.ReadAll(connection)
	if err != nil {
		return len(reply), fmt.Errorf("stream %d: reply: %w after %d of %d bytes", seed, err, len(reply), s.replyBytes)
	}
	if err := <-sent; err != nil {
		return len(reply), fmt.Errorf("stream %d: request: %w", seed, err)
	}
	if s.lastWord {
		if _, err := connection.Write(Content(seed, ofLastWord, greetingBytes)); err != nil {
			return len(reply), err
		}
		if err := connection.CloseWrite(); err != nil {
			return len(reply), err
		}
	}
	want, total := Content(seed, ofReply, s.replyBytes), len(reply)
	if s.serverFirst {
		total += greetingBytes
	} else {
		want = append(Content(0, ofGreeting, greetingBytes), want...)
	}
	if !bytes.Equal(reply, want) {
		return total, fmt.Errorf("stream %d: the client got %d bytes, want %d, or others", seed, len(reply), len(want))
	}
	return total, nil
}

// Run runs so many at a time and returns the bytes that the clients received.
func Run(t testing.TB, address string, from, to uint64, atOnce int) (received int64) {
	t.Helper()
	var total atomic.Int64
	var running sync.WaitGroup
	next := atomic.Uint64{}
	next.Store(from)
	for range atOnce {
		running.Go(func() {
			for seed := next.Add(1) - 1; seed < to; seed = next.Add(1) - 1 {
				count, err := runStream(address, seed)
				total.Add(int64(count))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	return total.Load()
}
