package loadgen

import (
	"errors"
	"fmt"
	"io"

	"meshmark/dataplane/internal/rawwire"
)

// mostRequestBytes bounds a raw request, which each target keeps ready.
const mostRequestBytes = 8 << 20

// receiveRaw waits for one answer of the protocol without HTTP and reads it to its end.
func (c *conn) receiveRaw() answer {
	result := answer{outcome: failedReset, close: true, residenceNs: -1}
	start, err := c.reader.Peek(rawwire.HeadBytes)
	if err != nil {
		result.silent = len(start) == 0
		return result
	}
	head, err := rawwire.ParseHead(start)
	if err != nil || head.Status > rawwire.Fault {
		result.outcome = failedProtocol
		return result
	}
	n, err := io.CopyN(io.Discard, c.reader, int64(rawwire.HeadBytes+head.Length))
	result.bytes = n
	if err != nil {
		return result
	}
	result.outcome, result.close = answered, false
	if head.Status == rawwire.Fault {
		result.outcome = failedStatus
	}
	if head.SentNs >= head.ReceivedNs {
		result.residenceNs = head.SentNs - head.ReceivedNs
	}
	return result
}

// checkRaw refuses what the protocol without HTTP has no place for.
func checkRaw(spec targetSpec) error {
	switch {
	case spec.Protocol != protocolRaw && spec.RequestBytes != 0:
		return errors.New("requestBytes needs the protocol raw")
	case spec.RequestBytes < 0 || spec.RequestBytes > mostRequestBytes:
		return fmt.Errorf("requestBytes must lie between 0 and %d", mostRequestBytes)
	case spec.Protocol == protocolRaw && len(spec.Requests) > 0:
		return errors.New("requests have no meaning over raw, which has no methods and paths")
	}
	return nil
}
