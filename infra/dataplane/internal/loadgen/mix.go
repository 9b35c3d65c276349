package loadgen

import (
	"encoding/base64"
	"errors"
	"fmt"
	"sort"

	"meshmark/dataplane/internal/rawwire"
)

// mostRequests bounds the kinds of request of one mix.
const mostRequests = 100

// requestSpec is one kind of request of a mix. Its body is one of the command's bodies, so that the many targets that
// are asked for the same do not each carry a copy.
type requestSpec struct {
	Weight  float64           `json:"weight"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    *int              `json:"body,omitempty"`
}

// asked is one kind of request with everything that can be made ready once.
type asked struct {
	// bytes are the whole request where HTTP/2 is not spoken.
	bytes    []byte
	h2       *h2Request
	h3       *h3Request
	headOnly bool
}

// mix is what a target is asked for, kind by kind.
type mix struct {
	kinds []*asked
	// upTo are the shares of the kinds, summed up; the last is 1.
	upTo []float64
	seed uint64
}

// newMix makes the requests of a target that has been checked.
func newMix(spec targetSpec, bodies [][]byte) (m mix, err error) {
	if len(spec.Requests) == 0 {
		body, err := base64.StdEncoding.DecodeString(spec.BodyBase64)
		if err != nil {
			return m, err
		}
		m.add(spec, body, 1)
		return m, nil
	}
	for _, kind := range spec.Requests {
		one := spec
		one.Method, one.Path, one.Headers = kind.Method, kind.Path, kind.Headers
		var body []byte
		if kind.Body != nil {
			body = bodies[*kind.Body]
		}
		m.add(one, body, kind.Weight)
	}
	sum := m.upTo[len(m.upTo)-1]
	for i := range m.upTo {
		m.upTo[i] /= sum
	}
	return m, nil
}

func (m *mix) add(spec targetSpec, body []byte, weight float64) {
	one := &asked{headOnly: spec.Method == "HEAD"}
	switch {
	case spec.speaksH2():
		one.h2 = newH2Request(spec, body)
	case spec.Protocol == protocolH3:
		one.h3 = newH3Request(spec, body)
	case spec.Protocol == protocolRaw:
		one.bytes = rawwire.AppendRequest(nil, spec.RequestBytes)
	default:
		one.bytes = buildRequest(spec, body)
	}
	if len(m.upTo) > 0 {
		weight += m.upTo[len(m.upTo)-1]
	}
	m.kinds = append(m.kinds, one)
	m.upTo = append(m.upTo, weight)
}

// at is what the request at that place of a slice asks for. It depends on the slice's seed and the place alone, so that
// every target is asked for the same things in the same order and connections share no generator.
func (m *mix) at(index int64) *asked {
	if len(m.kinds) == 1 {
		return m.kinds[0]
	}
	drawn := uniform(m.seed, uint64(index))
	return m.kinds[min(sort.Search(len(m.upTo), func(i int) bool { return drawn < m.upTo[i] }), len(m.kinds)-1)]
}

// uniform is a number in [0, 1) that depends on the seed and n alone.
// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 17), the seed mixed before it is added to.
func uniform(seed, n uint64) float64 {
	return float64(mixed(mixed(seed^scheduleStream)+n*0x9e3779b97f4a7c15)>>11) / (1 << 53)
}

func mixed(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// checkMix refuses a mix that cannot be sent; bodies are how many the command has.
func checkMix(spec targetSpec, bodies int) error {
	if len(spec.Requests) == 0 {
		return nil
	}
	if spec.Protocol == protocolGRPC {
		return errors.New("requests have no meaning over grpc, which calls grpcMethod")
	}
	if len(spec.Requests) > mostRequests {
		return fmt.Errorf("%d requests are more than %d", len(spec.Requests), mostRequests)
	}
	for i, kind := range spec.Requests {
		if !(kind.Weight > 0) || kind.Weight > 1e9 {
			return fmt.Errorf("request %d: weight must lie above 0 and be at most 1e9", i)
		}
		if kind.Body != nil && (*kind.Body < 0 || *kind.Body >= bodies) {
			return fmt.Errorf("request %d: there is no body %d", i, *kind.Body)
		}
		one := spec
		one.Method, one.Path, one.Headers = kind.Method, kind.Path, kind.Headers
		if err := checkH2Fields(one); err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
	}
	return nil
}

// decodeBodies returns a command's bodies.
func decodeBodies(encoded []string) ([][]byte, error) {
	bodies := make([][]byte, len(encoded))
	for i, text := range encoded {
		body, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("body %d: %w", i, err)
		}
		bodies[i] = body
	}
	return bodies, nil
}
