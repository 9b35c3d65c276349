package loadgen

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	// readBufferBytes takes an answer of 16 KiB in one system call.
	readBufferBytes = 32 << 10
	dialTimeout     = time.Second
	// expired stands in conn.expires once the sweeper has given the request up.
	expired = -1
)

// outcome is how a request ended. Only answered ones (status errors among them) have a time of their own.
type outcome int

const (
	answered outcome = iota
	failedStatus
	failedReset
	failedTimeout
	failedProtocol
	failedConnect
)

// answer is what one receive found.
type answer struct {
	outcome outcome
	bytes   int64
	// residenceNs is how long the service says it had the request; negative where it did not say.
	residenceNs int64
	// close means that the connection cannot be used again.
	close bool
	// silent means that the connection ended or was interrupted before a byte of an answer came.
	silent bool
}

// conn is one connection of a target. At any time one goroutine owns it: whoever sends on it hands it, with the request,
// to whoever reads.
type conn struct {
	target *target

	mu sync.Mutex // Guards replacing nc against the sweeper's interrupting it.
	nc net.Conn   // nil while closed.
	fd uintptr

	reader   *bufio.Reader
	response fasthttp.Response
	received int64 // Bytes read from the socket since it was opened.

	// asked is what was asked for last; the reader looks at it when an answer comes.
	asked atomic.Pointer[asked]
	// The request in flight, set before expires is stored.
	index      int64
	intendedAt int64
	sentAt     int64
	// expires is when the request in flight is given up; 0 when none is in flight, expired once it was given up.
	expires atomic.Int64
	// remainder waits for the rest of a request that the socket did not take at once.
	remainder sync.WaitGroup

	pacing    *pacing       // nil where answers are read as they come.
	openCount *atomic.Int64 // Where it is counted while it is open.

	h2 *h2Conn // nil where HTTP/1 is spoken.
	h3 *h3Conn // What nc is, where HTTP/3 is spoken.
	// handed is how a connection that is opened for each request is told the next: its place in the schedule.
	handed chan int
}

func newConn(t *target) *conn {
	c := &conn{target: t, handed: make(chan int, 1), openCount: &t.open}
	c.reader = bufio.NewReaderSize(nil, readBufferBytes)
	c.asked.Store(t.mix.kinds[0])
	if t.h2 {
		c.h2 = newH2Conn(c, t.mix.kinds[0].h2)
	}
	return c
}

// Read counts what comes in; it is the source of c.reader.
func (c *conn) Read(to []byte) (int, error) {
	if c.pacing != nil {
		if !c.pacing.wait() {
			return 0, errSlowEnded
		}
		to = to[:min(len(to), c.pacing.piece)]
	}
	n, err := c.nc.Read(to)
	c.received += int64(n)
	if c.pacing != nil {
		c.pacing.took(n)
	}
	return n, err
}

// open connects and, over HTTP/2, waits for the server's settings, which show that it speaks it; or reports why it
// cannot. The connection must be closed.
func (c *conn) open(ctx context.Context) error {
	if err := c.connect(ctx, dialTimeout); err != nil {
		return err
	}
	if c.h2 == nil {
		return nil
	}
	if err := c.awaitSettings(ctx); err != nil {
		c.close()
		return errors.New("connect " + c.target.address + ": no HTTP/2: " + err.Error())
	}
	return nil
}

// connect opens the connection so far that a request can be sent.
func (c *conn) connect(ctx context.Context, timeout time.Duration) error {
	if c.target.h3 != nil {
		return c.connectH3(ctx, timeout)
	}
	dialer := net.Dialer{Timeout: timeout}
	if c.pacing != nil {
		dialer.Control = c.pacing.narrow
	}
	nc, err := dialer.DialContext(ctx, "tcp", c.target.address)
	if err != nil {
		return describeDialError(c.target.address, err)
	}
	fd, err := descriptorOf(nc)
	if err != nil {
		_ = nc.Close()
		return err
	}
	c.mu.Lock()
	c.nc, c.fd = nc, fd
	c.mu.Unlock()
	c.received = 0
	c.reader.Reset(c)
	c.openCount.Add(1)
	if c.h2 != nil && !c.h2.begin(nc) {
		c.close()
		return errors.New("connect " + c.target.address + ": " + errWrite.Error())
	}
	return nil
}

func (c *conn) connectH3(ctx context.Context, timeout time.Duration) error {
	opened, err := c.target.h3.dial(ctx, c.target.address, timeout)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.nc, c.h3 = opened, opened
	c.mu.Unlock()
	c.openCount.Add(1)
	return nil
}

// descriptorOf returns the number of a connection's socket, valid while its owner keeps it open.
func descriptorOf(nc net.Conn) (uintptr, error) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return 0, errors.New("not a TCP connection")
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	var number uintptr
	err = raw.Control(func(fd uintptr) { number = fd })
	return number, err
}

func describeDialError(address string, err error) error {
	cause := err
	var system *os.SyscallError
	var operation *net.OpError
	switch {
	case errors.As(err, &system):
		cause = system.Err
	case errors.As(err, &operation) && operation.Err != nil:
		cause = operation.Err
	}
	return dialError{address: address, cause: cause}
}

// dialError says in a few words why there is no connection, and keeps the cause for whoever asks.
type dialError struct {
	address string
	cause   error
}

func (e dialError) Error() string { return "connect " + e.address + ": " + e.cause.Error() }
func (e dialError) Unwrap() error { return e.cause }

// close closes the connection if it is open.
func (c *conn) close() {
	c.mu.Lock()
	nc := c.nc
	c.nc = nil
	c.mu.Unlock()
	if nc != nil {
		_ = nc.Close()
		c.remainder.Wait()
		c.openCount.Add(-1)
	}
}

// closeAtOnce closes a connection whose last answer was whole so that nothing of it stays behind.
func (c *conn) closeAtOnce() {
	if c.nc != nil {
		leaveNoTimeWait(c.nc)
	}
	c.close()
}

// interrupt wakes the reader of an open connection; it may be called by anybody.
func (c *conn) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nc != nil {
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// resume undoes interrupt.
func (c *conn) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nc != nil {
		_ = c.nc.SetReadDeadline(time.Time{})
	}
}

// idleIsSound reports whether a connection without a request in flight can be used again.
func (c *conn) idleIsSound() bool {
	switch {
	case c.h3 != nil:
		return c.h3.sound()
	case c.h2 != nil:
		return c.idleH2IsSound()
	}
	return c.reader.Buffered() == 0 && c.idleIsSilent()
}

// expireBefore gives the request in flight up if its time is over.
func (c *conn) expireBefore(now int64) {
	at := c.expires.Load()
	if at <= 0 || at > now {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expires.CompareAndSwap(at, expired) && c.nc != nil {
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// send puts a request on the connection. A failure to write is left to the reader, who finds it on the same socket.
func (c *conn) send(clk clock, index, intendedAt, timeoutNs int64) {
	c.index = index
	c.sentAt = clk.now()
	if intendedAt == 0 {
		intendedAt = c.sentAt
	}
	c.intendedAt = intendedAt
	c.transmit(intendedAt + timeoutNs)
}

// transmit writes the request, which is given up at that moment.
func (c *conn) transmit(expiresAt int64) {
	nc := c.nc
	asked := c.target.mix.at(c.index)
	c.asked.Store(asked)
	// From here on the reader may take the connection over, as soon as the bytes are out.
	c.remainder.Add(1)
	c.expires.Store(expiresAt)
	if c.h3 != nil {
		c.h3.asks <- asked.h3 // It has room: one request at a time.
		c.remainder.Done()
		return
	}
	if c.h2 != nil {
		if !c.h2.sender.sendRequest(asked.h2) {
			_ = nc.SetReadDeadline(time.Unix(1, 0))
		}
		c.remainder.Done()
		return
	}
	request := asked.bytes
	written, ok := c.writeNow(request)
	switch {
	case !ok:
		_ = nc.SetReadDeadline(time.Unix(1, 0))
		c.remainder.Done()
	case written < len(request):
		go c.writeRemainder(nc, request[written:])
	default:
		c.remainder.Done()
	}
}

// writeRemainder finishes a request larger than the socket's buffer, out of the pacing thread's way.
func (c *conn) writeRemainder(nc net.Conn, rest []byte) {
	defer c.remainder.Done()
	if _, err := nc.Write(rest); err != nil {
		_ = nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// receive waits for one answer and reads it to its end.
func (c *conn) receive() answer {
	switch {
	case c.h3 != nil:
		return c.receiveH3()
	case c.h2 != nil:
		return c.receiveH2()
	case c.target.raw:
		return c.receiveRaw()
	}
	if _, err := c.reader.Peek(1); err != nil {
		return answer{outcome: failedReset, close: true, silent: true, residenceNs: -1}
	}
	before := c.received - int64(c.reader.Buffered())
	err := c.readResponse()
	result := answer{bytes: c.received - int64(c.reader.Buffered()) - before, residenceNs: -1}
	if err != nil {
		result.close = true
		result.outcome = classifyReadError(err)
		return result
	}
	header := &c.response.Header
	if header.StatusCode() >= 400 {
		result.outcome = failedStatus
	}
	result.close = header.ConnectionClose()
	result.residenceNs = residenceOf(header)
	return result
}
