package loadgen

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
)

// The layout of an HdrHistogram of 1 ns to 1 h with 3 significant digits: 2,048 sub-buckets, of which each doubling of
// the value adds the upper 1,024. (HdrHistogram, AbstractHistogram.java: subBucketCount is the power of two at or above
// 2·10^digits.)
const (
	lowestNs        = 1
	highestNs       = 3_600_000_000_000
	digits          = 3
	subBucketBits   = 11
	subBucketHalf   = 1 << (subBucketBits - 1)
	histogramLength = 33_792
)

// Cookies of HdrHistogram's V2 encoding, with the word size nibble 1 (AbstractHistogram.java, V2EncodingCookieBase).
const (
	payloadCookie    = 0x1c849303 | 0x10
	compressedCookie = 0x1c849304 | 0x10
)

// histogram counts latencies in ns. It is ours only to be reused cheaply: hdrhistogram-go, against which the tests hold
// it, makes a new deflate state of about 1 MB for every histogram that it encodes, four of them a slice.
type histogram struct {
	counts  [histogramLength]int64
	total   int64
	highest int // Index of the highest bucket in use.
}

// record counts one value; below 1 ns counts as 1 ns and above 1 h as 1 h, so that none is lost.
func (h *histogram) record(ns int64) {
	index := bucketOf(min(max(ns, lowestNs), highestNs))
	h.counts[index]++
	h.total++
	h.highest = max(h.highest, index)
}

// bucketOf is HdrHistogram's countsArrayIndex for a value of at least 0.
func bucketOf(ns int64) int {
	exponent := bits.Len64(uint64(ns)|(1<<subBucketBits-1)) - subBucketBits
	return (exponent+1)<<(subBucketBits-1) + int(ns>>exponent) - subBucketHalf
}

func (h *histogram) reset() {
	clear(h.counts[:h.highest+1])
	h.total, h.highest = 0, 0
}

// histogramEncoder writes histograms in HdrHistogram's V2 compressed encoding and keeps its buffers between them.
type histogramEncoder struct {
	payload  []byte
	deflated bytes.Buffer
	writer   *zlib.Writer
}

// encode returns base64, or nil for an empty histogram.
func (e *histogramEncoder) encode(h *histogram) *string {
	if h.total == 0 {
		return nil
	}
	words := e.appendWords(h)
	binary.BigEndian.PutUint32(words[0:], payloadCookie)
	binary.BigEndian.PutUint32(words[4:], uint32(len(words)-payloadHeaderBytes))
	binary.BigEndian.PutUint32(words[8:], 0) // Normalising offset.
	binary.BigEndian.PutUint32(words[12:], digits)
	binary.BigEndian.PutUint64(words[16:], lowestNs)
	binary.BigEndian.PutUint64(words[24:], highestNs)
	binary.BigEndian.PutUint64(words[32:], 0x3ff0000000000000) // Conversion ratio 1.0 as an IEEE 754 double.

	e.deflated.Reset()
	e.deflated.Write(make([]byte, compressedHeaderBytes))
	if e.writer == nil {
		e.writer, _ = zlib.NewWriterLevel(&e.deflated, zlib.BestSpeed) // Fails only for a level that does not exist.
	} else {
		e.writer.Reset(&e.deflated)
	}
	_, _ = e.writer.Write(words) // A bytes.Buffer takes everything.
	_ = e.writer.Close()
	encoded := e.deflated.Bytes()
	binary.BigEndian.PutUint32(encoded[0:], compressedCookie)
	binary.BigEndian.PutUint32(encoded[4:], uint32(len(encoded)-compressedHeaderBytes))
	text := base64.StdEncoding.EncodeToString(encoded)
	return &text
}

const (
	payloadHeaderBytes    = 40
	compressedHeaderBytes = 8
)

// appendWords returns the payload with its header still empty: counts as ZigZag LEB128, runs of zeros as one negative
// word.
func (e *histogramEncoder) appendWords(h *histogram) []byte {
	e.payload = append(e.payload[:0], make([]byte, payloadHeaderBytes)...)
	zeros := int64(0)
	for _, count := range h.counts[:h.highest+1] {
		if count == 0 {
			zeros++
			continue
		}
		if zeros > 0 {
			e.payload = appendZigZag(e.payload, -zeros)
			zeros = 0
		}
		e.payload = appendZigZag(e.payload, count)
	}
	return e.payload
}

// appendZigZag is HdrHistogram's ZigZagEncoding.putLong. It equals LEB128 up to 56 bits; counts here are far smaller
// than where the two part.
func appendZigZag(to []byte, value int64) []byte {
	return binary.AppendUvarint(to, uint64(value<<1)^uint64(value>>63))
}
