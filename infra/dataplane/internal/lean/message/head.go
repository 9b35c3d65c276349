// Package message reads HTTP/1.1 messages out of byte slices that grow, without allocating, and strictly: whatever
// two readers might understand differently is refused. What it accepts, net/http accepts with the same meaning.
//
//	var head message.Head
//	size, err := head.ParseRequest(buffer) // 0: more bytes are needed; call again with the longer slice
//	var body message.Body
//	body.Begin(head.Framing, head.Length)
//	used, payload, err := body.Consume(buffer[size:])
//
// A Head's slices point into the buffer it was parsed from, and hold until that is changed.
package message

import "bytes"

// MaxHead is the most bytes a head may have, MaxFields the most fields.
const (
	MaxHead   = 64 * 1024
	MaxFields = 512
)

// Kind tells the fields apart that a proxy must know.
type Kind uint8

// Other is every field that is passed on unread.
const (
	Other Kind = iota
	Connection
	ContentLength
	Expect
	Host
	TE
	TransferEncoding
	Upgrade
	// HopByHop are the remaining fields that go no further than one connection: Keep-Alive and Proxy-*.
	HopByHop
)

// Field is one line of a head.
type Field struct {
	Name, Value []byte
	// Start and End bound the line within the head, its line end included.
	Start, End int
	Kind       Kind
	// Named is set where a Connection field names this one, Dropped by whoever does not want it passed on.
	Named, Dropped bool
}

// Framing is how a body's end is known.
type Framing uint8

// UntilClose is for answers only.
const (
	NoBody Framing = iota
	WithLength
	Chunked
	UntilClose
)

// Head is the head of a request or of an answer. The zero value is ready; one can be used for one message after another.
type Head struct {
	// Raw is the whole head, the empty line included.
	Raw []byte
	// Method, Target and Authority are a request's. Target is a path with its query, or *; Authority is that of a
	// target given as a URL, else empty.
	Method, Target, Authority []byte
	// Status and Reason are an answer's; Reason is everything behind the version, as it came.
	Status int
	Reason []byte
	// Minor is 0 or 1, the digit in HTTP/1.x.
	Minor  int
	Fields []Field
	// FieldsStart is where the first field begins in Raw.
	FieldsStart int
	Framing     Framing
	Length      uint64
	// KeepAlive is whether the sender lets the connection be used again.
	KeepAlive bool
	// Upgrade is whether the sender asks for (or agrees to) another protocol on this connection.
	Upgrade bool
	// Continue is whether the sender waits for an interim answer before it sends the body.
	Continue bool

	scanned   int
	hostField int
}

var emptyLine = []byte("\r\n\r\n")

// ParseRequest returns the size of the head at the start of the buffer, or 0 when more bytes are needed, or a
// *Malformed. The buffer given after a 0 must begin with the same bytes; after anything else a new message begins.
func (h *Head) ParseRequest(buffer []byte) (size int, err error) {
	size, err = h.find(buffer)
	if size == 0 || err != nil {
		return 0, err
	}
	if err := h.parseRequestLine(); err != nil {
		return 0, err
	}
	if err := h.parseFields(); err != nil {
		return 0, err
	}
	if err := h.understandRequest(); err != nil {
		return 0, err
	}
	return size, nil
}

// ParseResponse is ParseRequest for an answer. toHead says that it answers a HEAD request, and so has no body.
func (h *Head) ParseResponse(buffer []byte, toHead bool) (size int, err error) {
	size, err = h.find(buffer)
	if size == 0 || err != nil {
		return 0, err
	}
	if err := h.parseStatusLine(); err != nil {
		return 0, err
	}
	if err := h.parseFields(); err != nil {
		return 0, err
	}
	if err := h.understandResponse(toHead); err != nil {
		return 0, err
	}
	return size, nil
}

// Reset forgets how far an unfinished head had been read.
func (h *Head) Reset() { h.scanned = 0 }

// find looks for the empty line, from where the last look ended.
func (h *Head) find(buffer []byte) (size int, err error) {
	from := max(h.scanned-len(emptyLine)+1, 0)
	at := bytes.Index(buffer[from:min(len(buffer), MaxHead)], emptyLine)
	if at >= 0 {
		h.scanned = 0
		h.Raw = buffer[:from+at+len(emptyLine)]
		return len(h.Raw), nil
	}
	if err := checkUnfinished(buffer, from); err != nil {
		h.scanned = 0
		return 0, err
	}
	h.scanned = len(buffer)
	return 0, nil
}

// checkUnfinished refuses what no further byte can mend, so that its sender is not waited for.
func checkUnfinished(buffer []byte, from int) error {
	if len(buffer) >= MaxHead {
		return ErrHeadTooLarge
	}
	if len(buffer) > 0 && characters[buffer[0]]&tokenCharacter == 0 {
		return ErrRequestLine
	}
	for at := from; ; {
		next := bytes.IndexByte(buffer[at:], '\n')
		if next < 0 {
			return nil
		}
		at += next
		if at == 0 || buffer[at-1] != '\r' {
			return ErrBareLineEnd
		}
		at++
	}
}

// firstLine returns the first line without its end, and sets where the fields begin.
func (h *Head) firstLine() ([]byte, error) {
	end := bytes.IndexByte(h.Raw, '\n')
	if end < 1 || h.Raw[end-1] != '\r' {
		return nil, ErrBareLineEnd
	}
	h.FieldsStart = end + 1
	return h.Raw[:end-1], nil
}

func (h *Head) parseRequestLine() error {
	line, err := h.firstLine()
	if err != nil {
		return err
	}
	space := bytes.IndexByte(line, ' ')
	if space < 1 || !all(line[:space], tokenCharacter) {
		return ErrRequestLine
	}
	h.Method = line[:space]
	line = line[space+1:]
	space = bytes.IndexByte(line, ' ')
	if space < 1 {
		return ErrRequestLine
	}
	target := line[:space]
	if h.Minor, err = parseVersion(line[space+1:]); err != nil {
		return err
	}
	if string(h.Method) == "CONNECT" {
		return ErrConnectMethod
	}
	return h.parseTarget(target)
}

func parseVersion(version []byte) (minor int, err error) {
	switch string(version) {
	case "HTTP/1.1":
		return 1, nil
	case "HTTP/1.0":
		return 0, nil
	}
	return 0, ErrVersion
}

// parseTarget takes a path, a URL of the form http://authority/path, or * with OPTIONS.
func (h *Head) parseTarget(target []byte) error {
	h.Authority = nil
	h.Target = target
	if len(target) == 1 && target[0] == '*' {
		if string(h.Method) != "OPTIONS" {
			return ErrTarget
		}
		return nil
	}
	const scheme = "http://"
	if len(target) > len(scheme) && foldEqual(target[:4], "http") && string(target[4:len(scheme)]) == scheme[4:] {
		rest := target[len(scheme):]
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if !validAuthority(rest[:end]) {
			return ErrTarget
		}
		h.Authority = rest[:end]
		h.Target = rest[end:]
		if len(h.Target) == 0 || h.Target[0] == '?' {
			// A URL without a path: what stands for it needs a byte that the buffer does not have.
			return ErrTarget
		}
	}
	if h.Target[0] != '/' {
		return ErrTarget
	}
	return checkPath(h.Target)
}

// checkPath refuses characters that need escaping and escapes that are none. A query's escapes are its reader's affair.
func checkPath(path []byte) error {
	query := false
	for i, c := range path {
		switch {
		case characters[c]&targetCharacter == 0:
			return ErrTarget
		case c == '?':
			query = true
		case c == '%' && !query:
			if i+2 >= len(path) || characters[path[i+1]]&hexDigit == 0 || characters[path[i+2]]&hexDigit == 0 {
				return ErrTarget
			}
		}
	}
	return nil
}

// validAuthority takes a name or an IPv4 address, with a port or without.
func validAuthority(authority []byte) bool {
	name, port, hasPort := bytes.Cut(authority, []byte(":"))
	if len(name) == 0 || !all(name, hostCharacter) || bytes.ContainsAny(name, "[]") {
		return false
	}
	if !hasPort {
		return true
	}
	return len(port) > 0 && len(port) <= 5 && digits(port)
}

func digits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// parseStatusLine takes HTTP/1.x, a status of three digits and a reason, which may be missing with its space.
func (h *Head) parseStatusLine() error {
	line, err := h.firstLine()
	if err != nil {
		return err
	}
	const versionSize = len("HTTP/1.1")
	if len(line) < versionSize+4 || line[versionSize] != ' ' {
		return ErrStatusLine
	}
	if h.Minor, err = parseVersion(line[:versionSize]); err != nil {
		return ErrStatusLine
	}
	h.Reason = line[versionSize+1:]
	status := h.Reason[:3]
	if !digits(status) || status[0] == '0' || (len(h.Reason) > 3 && h.Reason[3] != ' ') || !validValue(h.Reason) {
		return ErrStatusLine
	}
	h.Status = int(status[0]-'0')*100 + int(status[1]-'0')*10 + int(status[2]-'0')
	return nil
}
