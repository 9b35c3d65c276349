// Package reattach lets a program that takes lines and says lines outlive the connection by which it is spoken with: whoever
// lost theirs connects again, and neither side has missed or heard anything twice.
//
// A connection begins with a line of the asker's, {"from":N}, where N is how many of the program's lines it has. The answer
// is {"event":"attached","id":"…","received":M}: who the program is, by a number drawn at its start, and how many lines it
// has been given. After that the program's lines follow from N on, and what the asker sends are lines for the program; those
// that had been on their way when a connection was lost are sent again, from M on. A new connection takes the place of the
// one before. When nobody was there for Patience, the program's input ends.
package reattach

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// Patience is how long the program goes on while nobody is connected.
	Patience = 3 * time.Minute
	// longestLine bounds a line for the program.
	longestLine = 256 << 20
	// mostKeptBytes of the program's lines are kept for whoever lost them on the way.
	mostKeptBytes = 64 << 20
	// handshakeLimit is how long a connection may be without its first line.
	handshakeLimit = 5 * time.Second
	acceptPause    = 10 * time.Millisecond
)

// Serve runs the program and returns its exit code once its input has ended, which it does when the listener is closed or
// nobody was connected for patience.
func Serve(listener net.Listener, patience time.Duration, program func(stdin io.Reader, stdout io.Writer) int) int {
	stdin, feed := io.Pipe()
	s := &session{id: newID(), feed: feed, grown: make(chan struct{})}
	s.leave = time.AfterFunc(patience, func() { listener.Close() })
	s.patience = patience
	go s.accept(listener)
	code := program(stdin, s)
	listener.Close()
	return code
}

func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// session is what is kept between connections.
type session struct {
	id       string
	feed     *io.PipeWriter
	leave    *time.Timer
	patience time.Duration

	mu        sync.Mutex
	current   net.Conn
	received  int    // Lines given to the program.
	partial   []byte // What the program has said of a line so far.
	lines     [][]byte
	dropped   int // Lines that are no longer kept.
	keptBytes int
	grown     chan struct{} // Closed when a line has come.
}

// Write takes what the program says.
func (s *session) Write(said []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partial = append(s.partial, said...)
	for {
		end := bytes.IndexByte(s.partial, '\n')
		if end < 0 {
			return len(said), nil
		}
		line := bytes.Clone(s.partial[:end+1])
		s.partial = s.partial[end+1:]
		s.lines = append(s.lines, line)
		s.keptBytes += len(line)
		for s.keptBytes > mostKeptBytes && len(s.lines) > 1 {
			s.keptBytes -= len(s.lines[0])
			s.lines[0] = nil
			s.lines = s.lines[1:]
			s.dropped++
		}
		close(s.grown)
		s.grown = make(chan struct{})
	}
}

func (s *session) accept(listener net.Listener) {
	defer s.feed.Close()
	for {
		connection, err := listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				// Out of files, say: who is connected goes on.
				time.Sleep(acceptPause)
				continue
			}
			s.mu.Lock()
			if s.current != nil {
				s.current.Close()
			}
			s.mu.Unlock()
			return
		}
		go s.converse(connection)
	}
}

func (s *session) converse(connection net.Conn) {
	defer connection.Close()
	_ = connection.SetReadDeadline(time.Now().Add(handshakeLimit))
	lines := bufio.NewReaderSize(connection, 64<<10)
	first, err := lines.ReadBytes('\n')
	var asked struct {
		From *int `json:"from"`
	}
	if err != nil || json.Unmarshal(first, &asked) != nil || asked.From == nil || *asked.From < 0 {
		fmt.Fprintln(connection, `{"event":"error","message":"a connection begins with {\"from\":0}"}`)
		return
	}
	_ = connection.SetReadDeadline(time.Time{})
	from, received, fault := s.take(connection, *asked.From)
	if fault != "" {
		fmt.Fprintf(connection, "{\"event\":\"error\",\"message\":%q}\n", fault)
		return
	}
	defer s.give(connection)
	if _, err := fmt.Fprintf(connection, "{\"event\":\"attached\",\"id\":%q,\"received\":%d}\n", s.id, received); err != nil {
		return
	}
	go s.tell(connection, from)
	for {
		line, err := readLine(lines)
		if err != nil || !s.hand(connection, line) {
			return
		}
	}
}

// take makes a connection the current one.
func (s *session) take(connection net.Conn, from int) (int, int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from < s.dropped || from > s.dropped+len(s.lines) {
		return 0, 0, fmt.Sprintf("line %d is not kept: there are %d to %d", from, s.dropped, s.dropped+len(s.lines))
	}
	if s.current != nil {
		s.current.Close()
	}
	s.current = connection
	s.leave.Stop()
	return from, s.received, ""
}

// give is the end of a connection.
func (s *session) give(connection net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == connection {
		s.current = nil
		s.leave.Reset(s.patience)
	}
}

// tell sends the program's lines as they come.
func (s *session) tell(connection net.Conn, from int) {
	for {
		s.mu.Lock()
		if s.current != connection || from < s.dropped {
			s.mu.Unlock()
			connection.Close()
			return
		}
		waiting := net.Buffers(append([][]byte(nil), s.lines[from-s.dropped:]...))
		from += len(waiting)
		grown := s.grown
		s.mu.Unlock()
		if len(waiting) == 0 {
			<-grown
			continue
		}
		if _, err := waiting.WriteTo(connection); err != nil {
			connection.Close()
			return
		}
	}
}

// hand gives the program a line; false when the connection is no longer the current one.
func (s *session) hand(connection net.Conn, line []byte) bool {
	s.mu.Lock()
	if s.current != connection {
		s.mu.Unlock()
		return false
	}
	s.received++
	s.mu.Unlock()
	_, err := s.feed.Write(line)
	return err == nil
}

// readLine reads a line with its end, however long it is within bounds. What is cut off is no line.
func readLine(from *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			return line, nil
		}
		if err != bufio.ErrBufferFull || len(line) > longestLine {
			return nil, err
		}
	}
}
