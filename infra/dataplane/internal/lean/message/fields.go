package message

import "bytes"

// parseFields reads the lines between the first and the empty one.
func (h *Head) parseFields() error {
	h.Fields = h.Fields[:0]
	end := len(h.Raw) - len("\r\n")
	for at := h.FieldsStart; at < end; {
		if len(h.Fields) == MaxFields {
			return ErrHeadTooLarge
		}
		next := at + bytes.IndexByte(h.Raw[at:end], '\n') // The head ends in CR LF CR LF, so there is one.
		if next == at || h.Raw[next-1] != '\r' {
			return ErrBareLineEnd
		}
		line := h.Raw[at : next-1]
		colon := 0
		for colon < len(line) && characters[line[colon]]&tokenCharacter != 0 {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
				return ErrFolded
			}
			return ErrFieldName
		}
		value := trim(line[colon+1:])
		if !validValue(value) {
			return ErrFieldValue
		}
		h.Fields = append(h.Fields, Field{
			Name: line[:colon], Value: value, Start: at, End: next + 1, Kind: kindOf(line[:colon]),
		})
		at = next + 1
	}
	return nil
}

// kindOf compares by length first: most names have a length that none of these has, or differ in the first letter.
func kindOf(name []byte) Kind {
	switch len(name) {
	case 2:
		if foldEqual(name, "te") {
			return TE
		}
	case 4:
		if foldEqual(name, "host") {
			return Host
		}
	case 6:
		if foldEqual(name, "expect") {
			return Expect
		}
	case 7:
		if foldEqual(name, "upgrade") {
			return Upgrade
		}
	case 10:
		if foldEqual(name, "connection") {
			return Connection
		}
		if foldEqual(name, "keep-alive") {
			return HopByHop
		}
	case 14:
		if foldEqual(name, "content-length") {
			return ContentLength
		}
	case 17:
		if foldEqual(name, "transfer-encoding") {
			return TransferEncoding
		}
	}
	if len(name) > 6 && foldEqual(name[:6], "proxy-") {
		return HopByHop
	}
	return Other
}

// understand finds the framing and what the connection's fields say; both kinds of message have these.
func (h *Head) understand() error {
	h.Framing, h.Length, h.Upgrade, h.Continue, h.hostField = NoBody, 0, false, false, -1
	var lengths, codings, upgrades int
	closes, keeps, upgradeNamed := false, false, false
	for i := range h.Fields {
		field := &h.Fields[i]
		switch field.Kind {
		case ContentLength:
			lengths++
			length, ok := parseLength(field.Value)
			if !ok || lengths > 1 {
				return ErrContentLength
			}
			h.Framing, h.Length = WithLength, length
		case TransferEncoding:
			codings++
			if codings > 1 || !foldEqual(field.Value, "chunked") {
				return ErrCoding
			}
		case Connection:
			for rest := field.Value; len(rest) > 0; {
				var option []byte
				option, rest = nextItem(rest)
				switch {
				case foldEqual(option, "close"):
					closes = true
				case foldEqual(option, "keep-alive"):
					keeps = true
				case foldEqual(option, "upgrade"):
					upgradeNamed = true
				case len(option) > 0:
					h.markNamed(option)
				}
			}
		case Upgrade:
			upgrades++
		case Expect:
			h.Continue = h.Continue || foldEqual(field.Value, "100-continue")
		case Host:
			if h.hostField >= 0 || !validHost(field.Value) {
				return ErrHost
			}
			h.hostField = i
		}
	}
	if codings > 0 {
		if lengths > 0 || h.Minor == 0 {
			return ErrCodingAndLength
		}
		h.Framing = Chunked
	}
	h.KeepAlive = !closes && (h.Minor == 1 || keeps)
	h.Upgrade = upgradeNamed && upgrades > 0 && h.Minor == 1
	return nil
}

// markNamed marks the fields that a Connection field names. Those that frame or address the message cannot be taken
// away so.
func (h *Head) markNamed(name []byte) {
	for i := range h.Fields {
		field := &h.Fields[i]
		if len(field.Name) == len(name) && bytes.EqualFold(field.Name, name) &&
			field.Kind != ContentLength && field.Kind != TransferEncoding && field.Kind != Host {
			field.Named = true
		}
	}
}

func (h *Head) understandRequest() error {
	if err := h.understand(); err != nil {
		return err
	}
	if h.Minor == 1 && h.hostField < 0 {
		return ErrHost
	}
	if h.Framing == WithLength && h.Length == 0 {
		h.Framing = NoBody
	}
	return nil
}

func (h *Head) understandResponse(toHead bool) error {
	if err := h.understand(); err != nil {
		return err
	}
	switch {
	case toHead, h.Status < 200, h.Status == 204, h.Status == 304:
		h.Framing = NoBody
	case h.Framing == NoBody:
		h.Framing = UntilClose
		h.KeepAlive = false
	case h.Framing == WithLength && h.Length == 0:
		h.Framing = NoBody
	}
	return nil
}

// HostField returns the Host field, or nil.
func (h *Head) HostField() *Field {
	if h.hostField < 0 {
		return nil
	}
	return &h.Fields[h.hostField]
}

// parseLength takes digits alone, few enough not to overflow.
func parseLength(text []byte) (length uint64, ok bool) {
	if len(text) == 0 || len(text) > 18 || !digits(text) {
		return 0, false
	}
	for _, c := range text {
		length = length*10 + uint64(c-'0')
	}
	return length, true
}

// validHost takes names, addresses and ports, and nothing at all, which HTTP allows.
func validHost(host []byte) bool { return all(host, hostCharacter) }
