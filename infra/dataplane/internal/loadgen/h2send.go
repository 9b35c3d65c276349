package loadgen

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

const (
	defaultWindowBytes    = 64<<10 - 1
	streamWindowBytes     = 4 << 20
	connectionWindowBytes = 16 << 20
	largestWindow         = 1<<31 - 1
	lastStream            = 1<<31 - 1
	// chunkBytes of a large body are written with one system call.
	chunkBytes = 64 << 10
)

// h2Sender is the writing half of an HTTP/2 connection. Whoever sends the request, the reader that answers pings and
// opens windows, and the goroutine that finishes what the socket did not take at once write by turns, under mu, whole
// frames at a time.
type h2Sender struct {
	request   *h2Request
	remainder *sync.WaitGroup // Counts the flusher.
	writeNow  func([]byte) (written int, ok bool)

	mu sync.Mutex
	nc net.Conn
	// head is where the request gets its stream number.
	head    []byte
	scratch []byte
	// pending are bytes that the socket did not take; while flushing, the flusher alone writes to the socket.
	pending  []byte
	flushing bool

	next             uint32 // The stream of the next request.
	stream           uint32 // The stream of the last.
	bodyAt           int    // How much of its body has been made into frames.
	connectionWindow int64
	streamWindow     int64
	initialWindow    int64
}

// begin makes the half ready for a new connection.
func (s *h2Sender) begin(nc net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nc, s.pending, s.flushing = nc, s.pending[:0], false
	s.next, s.stream, s.bodyAt = 1, 0, len(s.request.body)
	s.connectionWindow, s.streamWindow, s.initialWindow = defaultWindowBytes, 0, defaultWindowBytes
	return s.write(greeting)
}

// sendRequest writes a request and as much of its body as fits one write; the rest is left to the flusher.
func (s *h2Sender) sendRequest(request *h2Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request = request
	s.head = append(s.head[:0], request.head...)
	s.stream = s.next
	s.next += 2
	for _, at := range s.request.frames {
		binary.BigEndian.PutUint32(s.head[at+5:], s.stream)
	}
	s.bodyAt, s.streamWindow = 0, s.initialWindow
	if len(s.request.body) == 0 {
		return s.write(s.head)
	}
	if s.flushing { // It will find the body by itself.
		s.pending = append(s.pending, s.head...)
		return true
	}
	s.scratch = s.appendBody(append(s.scratch[:0], s.head...))
	if !s.write(s.scratch) {
		return false
	}
	s.pump()
	return true
}

// control writes a frame that is no request's.
func (s *h2Sender) control(frame []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(frame)
}

// widen adds to a window and has the body go on; false where the peer may not do so.
func (s *h2Sender) widen(stream, increment uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch stream {
	case 0:
		s.connectionWindow += int64(increment)
	case s.stream:
		s.streamWindow += int64(increment)
	default:
		return true // A stream that has ended.
	}
	s.pump()
	return s.connectionWindow <= largestWindow && s.streamWindow <= largestWindow
}

// setInitialWindow is what a SETTINGS frame may do to the windows of streams.
func (s *h2Sender) setInitialWindow(bytes uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streamWindow += int64(bytes) - s.initialWindow
	s.initialWindow = int64(bytes)
	s.pump()
	return bytes <= largestWindow
}

// abandon ends the sending of a body whose answer is complete. reset has the peer told, unless it said so itself.
func (s *h2Sender) abandon(reset bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bodyAt == len(s.request.body) {
		return true
	}
	s.bodyAt = len(s.request.body)
	if !reset {
		return true
	}
	frame := appendFrameHeader(nil, 4, http2.FrameRSTStream, 0, s.stream)
	return s.write(binary.BigEndian.AppendUint32(frame, uint32(http2.ErrCodeCancel)))
}

func (s *h2Sender) canPump() bool {
	return s.bodyAt < len(s.request.body) && s.connectionWindow > 0 && s.streamWindow > 0
}

// pump has the flusher go on with the body where windows allow.
func (s *h2Sender) pump() {
	if s.canPump() && !s.flushing {
		s.startFlushing()
	}
}

// appendBody appends the next frames of the body, as many as windows and one write allow.
func (s *h2Sender) appendBody(to []byte) []byte {
	for body := s.request.body; s.canPump() && len(to) < chunkBytes; {
		size := min(int64(len(body)-s.bodyAt), largestFrame, s.connectionWindow, s.streamWindow)
		part := body[s.bodyAt : s.bodyAt+int(size)]
		s.bodyAt += int(size)
		s.connectionWindow -= size
		s.streamWindow -= size
		flags := http2.Flags(0)
		if s.bodyAt == len(body) {
			flags = http2.FlagDataEndStream
		}
		to = appendFrameHeader(to, len(part), http2.FrameData, flags, s.stream)
		to = append(to, part...)
	}
	return to
}

// write hands bytes to the socket without waiting for it.
func (s *h2Sender) write(bytes []byte) bool {
	if s.flushing {
		s.pending = append(s.pending, bytes...)
		return true
	}
	written, ok := s.writeNow(bytes)
	if ok && written < len(bytes) {
		s.pending = append(s.pending[:0], bytes[written:]...)
		s.startFlushing()
	}
	return ok
}

func (s *h2Sender) startFlushing() {
	s.flushing = true
	s.remainder.Add(1)
	go s.flush(s.nc)
}

// flush writes what is pending and then the body, until there is nothing left or a window is empty.
func (s *h2Sender) flush(nc net.Conn) {
	defer s.remainder.Done()
	var spare []byte
	for {
		s.mu.Lock()
		chunk := s.pending
		if len(chunk) > 0 {
			s.pending = spare[:0]
			spare = chunk
		} else {
			s.scratch = s.appendBody(s.scratch[:0])
			chunk = s.scratch
		}
		if len(chunk) == 0 {
			s.flushing = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if _, err := nc.Write(chunk); err != nil {
			_ = nc.SetReadDeadline(time.Unix(1, 0)) // The reader finds it on the same socket.
			return
		}
	}
}
