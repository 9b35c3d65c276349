package sidecar

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/clock"
)

// witnessed counts each answer by the protocol that it came in and by how its connection is secured.
type witnessed struct {
	next     http.RoundTripper
	counters *admin.Counters
}

func (w witnessed) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch response.ProtoMajor {
	case 1:
		w.counters.UpstreamHTTP1.Add(1)
	case 2:
		w.counters.UpstreamH2.Add(1)
	case 3:
		w.counters.UpstreamH3.Add(1)
	}
	if response.TLS != nil {
		countUpstreamSecurity(response.TLS, w.counters)
	}
	return response, nil
}

// meter times what lies upstream of it, from the request handed on to the last byte of the answer, and counts the
// bytes of the answer's body. Its wrappers of bodies are used again, so that metering allocates nothing for each request.
type meter struct {
	next     http.RoundTripper
	counters *admin.Counters
	timed    bool
	idle     sync.Pool
}

func (m *meter) RoundTrip(request *http.Request) (*http.Response, error) {
	startedNs := int64(0)
	if m.timed {
		startedNs = clock.MonotonicNs()
	}
	response, err := m.next.RoundTrip(request)
	if err != nil {
		m.addTime(startedNs)
		return nil, err
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		// An upgraded connection's body is the connection itself, and it is no longer HTTP.
		if both, ok := response.Body.(io.ReadWriteCloser); ok {
			response.Body = &upgradedBody{ReadWriteCloser: both, ended: sync.OnceFunc(func() { m.addTime(startedNs) })}
		}
		return response, nil
	}
	wrapper, found := m.idle.Get().(*meteredBody)
	if !found {
		wrapper = &meteredBody{owner: m}
	}
	wrapper.body, wrapper.startedNs = response.Body, startedNs
	response.Body = wrapper
	return response, nil
}

func (m *meter) addTime(startedNs int64) {
	if m.timed {
		m.counters.UpstreamNs.Add(clock.MonotonicNs() - startedNs)
	}
}

// meteredBody belongs to one request from RoundTrip to Close; ReverseProxy closes a body once and touches it no more.
type meteredBody struct {
	owner     *meter
	body      io.ReadCloser
	startedNs int64
	ended     bool
}

func (b *meteredBody) Read(buffer []byte) (int, error) {
	count, err := b.body.Read(buffer)
	counters := b.owner.counters
	counters.BytesCopied.Add(int64(count))
	if fromPool(buffer) {
		counters.BytesThroughPool.Add(int64(count))
	}
	if err != nil {
		b.end()
	}
	return count, err
}

func (b *meteredBody) end() {
	if !b.ended {
		b.ended = true
		b.owner.addTime(b.startedNs)
	}
}

func (b *meteredBody) Close() error {
	body := b.body
	if body == nil {
		return nil
	}
	b.end()
	err := body.Close()
	b.body, b.ended = nil, false
	b.owner.idle.Put(b)
	return err
}

// upgradedBody is timed to the end of the connection.
type upgradedBody struct {
	io.ReadWriteCloser
	ended func()
}

func (b *upgradedBody) Close() error {
	b.ended()
	return b.ReadWriteCloser.Close()
}

// CloseWrite ends one direction, where the connection can.
func (b *upgradedBody) CloseWrite() error {
	if half, ok := b.ReadWriteCloser.(halfCloser); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("close one direction of an upgraded connection: %w", http.ErrNotSupported)
}

// counted counts each request and, where timed, adds up how long it was served: from its head read to its handler's
// end, also when that is a panic because the upstream broke off.
func counted(counters *admin.Counters, timed bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if timed {
			startedNs := clock.MonotonicNs()
			defer func() {
				counters.ServedNs.Add(clock.MonotonicNs() - startedNs)
				counters.TimedRequests.Add(1)
			}()
		}
		counters.Requests.Add(1)
		switch request.ProtoMajor {
		case 1:
			counters.RequestsHTTP1.Add(1)
		case 2:
			counters.RequestsH2.Add(1)
		case 3:
			counters.RequestsH3.Add(1)
		}
		if request.TLS != nil && len(request.TLS.VerifiedChains) > 0 {
			counters.RequestsVerified.Add(1)
		}
		next.ServeHTTP(answer, request)
	})
}
