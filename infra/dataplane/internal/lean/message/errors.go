package message

// Malformed says why a message was refused. It is a sentence, so that refusing allocates nothing.
type Malformed struct {
	// Status is what a request refused for this is answered with.
	Status int
	Reason string
}

func (m *Malformed) Error() string { return "malformed message: " + m.Reason }

func refused(status int, reason string) *Malformed { return &Malformed{Status: status, Reason: reason} }

// The reasons for which messages are refused.
var (
	ErrHeadTooLarge    = refused(431, "the head is over 64 KiB or has too many fields")
	ErrBareLineEnd     = refused(400, "a line ends in something other than CR LF")
	ErrRequestLine     = refused(400, "the request line is not method, target and version")
	ErrTarget          = refused(400, "the target is neither a valid path nor a valid http URL")
	ErrVersion         = refused(505, "the version is neither HTTP/1.0 nor HTTP/1.1")
	ErrConnectMethod   = refused(501, "CONNECT is not served here")
	ErrStatusLine      = refused(502, "the status line is not version, status and reason")
	ErrFieldName       = refused(400, "a field's name is empty, has invalid characters or is followed by whitespace")
	ErrFieldValue      = refused(400, "a field's value has invalid characters")
	ErrFolded          = refused(400, "a field is folded over several lines")
	ErrHost            = refused(400, "there is not exactly one valid Host")
	ErrContentLength   = refused(400, "the Content-Length is given more than once or is not a number")
	ErrCoding          = refused(501, "the transfer coding is something other than chunked")
	ErrCodingAndLength = refused(400, "both Transfer-Encoding and Content-Length are given, or the former in HTTP/1.0")
	ErrChunkSize       = refused(400, "a chunk's size is not a hexadecimal number below 2^60")
	ErrChunkExtension  = refused(400, "the chunks carry too much that is not data")
	ErrChunkEnd        = refused(400, "a chunk does not end where it said")
	ErrTrailer         = refused(400, "a trailer field is malformed, too long or one that frames messages")
)
