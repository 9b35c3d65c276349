package lean

import (
	"bytes"

	"meshmark/dataplane/internal/duties"
	"meshmark/dataplane/internal/lean/message"
)

// rewriteRequest puts the head, as it is sent on, into out. Lines that stay are copied together with their neighbours.
func (x *exchange) rewriteRequest() {
	head := &x.request
	x.toHead = string(head.Method) == "HEAD"
	x.http10 = head.Minor == 0
	x.clientKeeps = head.KeepAlive
	x.awaitsContinue = head.Continue && head.Framing != message.NoBody
	// A body before another protocol would have to be told apart from it.
	x.upgrading = head.Upgrade && head.Framing == message.NoBody
	x.methodSize, x.targetSize = len(head.Method), len(head.Target)

	out := x.out[:0]
	if head.Minor == 1 && head.Authority == nil {
		out = append(out, head.Raw[:head.FieldsStart]...)
	} else {
		out = append(append(append(out, head.Method...), ' '), head.Target...)
		out = append(out, " HTTP/1.1\r\n"...)
	}
	trailers := x.dropRequestFields()
	out = appendKept(out, head)
	switch {
	case head.Authority != nil:
		out = append(append(append(out, "Host: "...), head.Authority...), "\r\n"...)
	case head.HostField() == nil:
		out = append(append(append(out, "Host: "...), x.proxy.options.Upstream...), "\r\n"...)
	}
	fresh := x.proxy.fresh()
	switch {
	case x.upgrading:
		out = append(out, "Connection: Upgrade\r\n"...)
	case fresh && trailers:
		out = append(out, "Connection: close, TE\r\n"...)
	case fresh:
		out = append(out, "Connection: close\r\n"...)
	case trailers:
		out = append(out, "Connection: TE\r\n"...)
	}
	x.dutiesFrom = len(out)
	if x.proxy.options.Duties != nil {
		out = x.beginDuties(out)
	}
	x.dutiesTo = len(out)
	x.out = append(out, "\r\n"...)
}

// dropRequestFields marks the fields that are not sent on. It returns whether the client can take trailers.
func (x *exchange) dropRequestFields() (trailers bool) {
	mesh := x.proxy.options.Duties != nil
	for i := range x.request.Fields {
		field := &x.request.Fields[i]
		switch field.Kind {
		case message.Connection, message.HopByHop:
			field.Dropped = true
		case message.Upgrade:
			field.Dropped = !x.upgrading
		case message.TE:
			field.Dropped = !bytes.EqualFold(field.Value, []byte("trailers"))
			trailers = trailers || !field.Dropped
		case message.Host:
			field.Dropped = x.request.Authority != nil
		default:
			field.Dropped = field.Named || (mesh && duties.Replaces(field.Name))
		}
	}
	if mesh {
		x.dropForeignTrace()
	}
	return trailers
}

// appendKept appends the lines of the fields that are not dropped.
func appendKept(out []byte, head *message.Head) []byte {
	from := head.FieldsStart
	for i := range head.Fields {
		if field := &head.Fields[i]; field.Dropped {
			out = append(out, head.Raw[from:field.Start]...)
			from = field.End
		}
	}
	return append(out, head.Raw[from:len(head.Raw)-len("\r\n")]...)
}

// rewriteResponse puts an answer's head, as it is sent on, into back.
func (x *exchange) rewriteResponse() {
	head := &x.response
	interim := head.Status < 200
	for i := range head.Fields {
		field := &head.Fields[i]
		switch field.Kind {
		case message.Connection, message.HopByHop, message.TE:
			field.Dropped = true
		case message.Upgrade:
			field.Dropped = head.Status != 101
		case message.TransferEncoding:
			field.Dropped = interim || head.Status == 204 || x.http10
		case message.ContentLength:
			field.Dropped = interim || head.Status == 204
		default:
			field.Dropped = field.Named
		}
	}
	back := x.back[:0]
	if head.Minor == 1 {
		back = append(back, head.Raw[:head.FieldsStart]...)
	} else {
		back = append(append(append(back, "HTTP/1.1 "...), head.Reason...), "\r\n"...)
	}
	back = appendKept(back, head)
	switch {
	case head.Status == 101:
		back = append(back, "Connection: Upgrade\r\n"...)
	case interim:
	case !x.clientKeeps:
		back = append(back, "Connection: close\r\n"...)
	case x.http10:
		back = append(back, "Connection: keep-alive\r\n"...)
	}
	x.back = append(back, "\r\n"...)
}
