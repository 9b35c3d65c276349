package lean

import (
	"bytes"

	"meshmark/dataplane/internal/duties"
	"meshmark/dataplane/internal/lean/message"
)

// beginDuties appends the header lines that the duties add to the request, whose own ones are not sent on.
func (x *exchange) beginDuties(out []byte) []byte {
	head := &x.request
	incoming := duties.Incoming{
		Method: head.Method, Path: head.Target, RemoteIP: x.remoteIP, TLS: x.encrypted, Traceparent: x.traceparent(),
	}
	for i := range head.Fields {
		field := &head.Fields[i]
		if field.Kind != message.Other {
			continue
		}
		switch len(field.Name) {
		case len("x-request-id"):
			if incoming.RequestID == nil && bytes.EqualFold(field.Name, []byte("x-request-id")) {
				incoming.RequestID = field.Value
			}
		case len("x-forwarded-for"):
			if bytes.EqualFold(field.Name, []byte("x-forwarded-for")) {
				incoming.ForwardedFor = x.joinForwardedFor(incoming.ForwardedFor, field.Value)
			}
		case len("x-forwarded-proto"):
			if incoming.ForwardedProto == nil && bytes.EqualFold(field.Name, []byte("x-forwarded-proto")) {
				incoming.ForwardedProto = field.Value
			}
		}
	}
	out, x.route = x.proxy.options.Duties.AppendHeaders(out, incoming, x.startNs)
	return out
}

// traceparent is the request's, and empty where several contradict each other.
func (x *exchange) traceparent() (value []byte) {
	for i := range x.request.Fields {
		field := &x.request.Fields[i]
		if len(field.Name) == len("traceparent") && bytes.EqualFold(field.Name, []byte("traceparent")) {
			if value != nil {
				return []byte{}
			}
			value = field.Value
		}
	}
	return value
}

// dropForeignTrace drops the state of a trace that the request does not go on in.
func (x *exchange) dropForeignTrace() {
	if duties.KeepsTrace(x.traceparent()) {
		return
	}
	for i := range x.request.Fields {
		field := &x.request.Fields[i]
		if len(field.Name) == len("tracestate") && bytes.EqualFold(field.Name, []byte("tracestate")) {
			field.Dropped = true
		}
	}
}

// joinForwardedFor makes one list of several lines.
func (x *exchange) joinForwardedFor(before, value []byte) []byte {
	if before == nil {
		return value
	}
	joined := append(x.joined[:0], before...)
	joined = append(append(joined, ", "...), value...)
	x.joined = joined
	return joined
}

// endDuties counts the request, and logs it if requests are logged.
func (x *exchange) endDuties(servedNs int64) {
	mesh := x.proxy.options.Duties
	if mesh == nil {
		return
	}
	mesh.Done(x.route, x.status, servedNs)
	if mesh.Logs() {
		mesh.Log(duties.Entry{
			Method: x.method(), Path: x.target(), Headers: x.out[x.dutiesFrom:x.dutiesTo], Route: x.route,
			Status: x.status, BodyBytes: x.payload, LatencyNs: servedNs,
		})
	}
}
