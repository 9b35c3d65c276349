package duties

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"meshmark/dataplane/internal/clock"
)

const (
	// flushEvery is how old a line may get before it is in the file.
	flushEvery = time.Second
	logBuffer  = 256 << 10
)

// Entry is one request in the access log.
type Entry struct {
	Method []byte
	// Path is logged as it is given, with its query.
	Path []byte
	// Headers are what AppendHeaders appended for it; the id and the trace are taken from them.
	Headers   []byte
	Route     int
	Status    int
	BodyBytes int64
	LatencyNs int64
}

// accessLog is a file of lines of JSON.
type accessLog struct {
	role string
	stop chan struct{}
	done chan struct{}

	mutex sync.Mutex
	file  *os.File
	out   *bufio.Writer
	// line is where a line is put together; it lies under the mutex, so that no one allocates one.
	line []byte
	err  error
}

func openAccessLog(path, role string) (*accessLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	log := &accessLog{
		role: role,
		stop: make(chan struct{}),
		done: make(chan struct{}),
		file: file,
		out:  bufio.NewWriterSize(file, logBuffer),
	}
	go log.flushRegularly()
	return log, nil
}

func (l *accessLog) flushRegularly() {
	defer close(l.done)
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.mutex.Lock()
			l.flush()
			l.mutex.Unlock()
		}
	}
}

func (l *accessLog) flush() {
	if err := l.out.Flush(); err != nil && l.err == nil {
		l.err = fmt.Errorf("access log: %w", err)
	}
}

func (l *accessLog) close() error {
	close(l.stop)
	<-l.done
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.flush()
	if err := l.file.Close(); err != nil && l.err == nil {
		l.err = fmt.Errorf("access log: %w", err)
	}
	return l.err
}

// Logs says whether there is an access log.
func (d *Duties) Logs() bool { return d.log != nil }

// Log writes a line of the access log, if there is one.
func (d *Duties) Log(entry Entry) {
	if d.log != nil {
		writeEntry(d.log, entry.Method, entry.Path, headerValue(entry.Headers, 0), headerValue(entry.Headers, 3), entry)
	}
}

// writeEntry takes the texts apart from the entry, because net/http has them as strings.
func writeEntry[text string | []byte](l *accessLog, method, path, requestID, traceparent text, entry Entry) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	line := append(l.line[:0], `{"atMicros":`...)
	line = strconv.AppendInt(line, clock.EpochMicros(), 10)
	line = appendJSON(append(line, `,"role":`...), l.role)
	line = appendJSON(append(line, `,"method":`...), method)
	line = appendJSON(append(line, `,"path":`...), path)
	line = appendJSON(append(line, `,"route":`...), routes[entry.Route].name)
	line = strconv.AppendInt(append(line, `,"status":`...), int64(entry.Status), 10)
	line = strconv.AppendInt(append(line, `,"bodyBytes":`...), entry.BodyBytes, 10)
	line = strconv.AppendInt(append(line, `,"latencyNs":`...), entry.LatencyNs, 10)
	line = appendJSON(append(line, `,"requestId":`...), requestID)
	line = appendJSON(append(line, `,"traceparent":`...), traceparent)
	l.line = append(line, "}\n"...)
	// bufio keeps the first error of a write and Flush returns it.
	_, _ = l.out.Write(l.line)
}

// headerValue is the value on the line with that number of what AppendHeaders appended.
func headerValue(lines []byte, number int) []byte {
	for {
		end := 0
		for end < len(lines) && lines[end] != '\r' {
			end++
		}
		if number == 0 {
			for at := 0; at+1 < end; at++ {
				if lines[at] == ':' {
					return lines[at+2 : end]
				}
			}
			return nil
		}
		if end+2 > len(lines) {
			return nil
		}
		lines = lines[end+2:]
		number--
	}
}

// appendJSON appends a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendJSON[text string | []byte](dst []byte, value text) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for at := 0; at < len(value); {
		char := value[at]
		switch {
		case char == '"' || char == '\\':
			dst = append(dst, '\\', char)
		case char < ' ' || char == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', digits[char>>4], digits[char&0xf])
		case char < utf8.RuneSelf:
			dst = append(dst, char)
		default:
			end := min(at+utf8.UTFMax, len(value))
			symbol, size := decode(value[at:end])
			dst = utf8.AppendRune(dst, symbol)
			at += size
			continue
		}
		at++
	}
	return append(dst, '"')
}

func decode[text string | []byte](value text) (rune, int) {
	// At most four bytes: the conversion stays on the stack.
	return utf8.DecodeRuneInString(string(value))
}
