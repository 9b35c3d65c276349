package policy

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// CanonicalPath returns an error that says why a decoded path can be read in more than one way, so that no decision
// about it is safe: another server might resolve dots, join slashes, take a backslash for a slash, cut off what follows
// a semicolon, or decode once more. It allocates nothing for a path that is fine.
func CanonicalPath(path string) error {
	if !strings.HasPrefix(path, "/") {
		return errors.New("it does not begin with a slash")
	}
	ascii := true
	segment := 0
	for at := 1; at <= len(path); at++ {
		if at < len(path) && path[at] != '/' {
			switch char := path[at]; {
			case char < ' ' || char == 0x7f:
				return errors.New("it holds a control character")
			case strings.IndexByte(`\;?#%`, char) >= 0:
				return fmt.Errorf("it holds %q", char)
			case char >= utf8.RuneSelf:
				ascii = false
			}
			continue
		}
		switch name := path[segment+1 : at]; {
		case name == "." || name == "..":
			return fmt.Errorf("it holds the segment %q", name)
		case name == "" && at < len(path):
			return errors.New("it holds an empty segment")
		}
		segment = at
	}
	if !ascii && !utf8.ValidString(path) {
		return errors.New("it is not UTF-8")
	}
	return nil
}

// RequestPath returns the decoded path of a request that is to be decided, or an error that says why it could be read in
// more than one way. If there is none, the path that a proxy sends on is this one to every server that follows RFC 3986.
// It allocates nothing for a path that is fine.
func RequestPath(target *url.URL) (string, error) {
	if target.Opaque != "" {
		return "", errors.New("the target is not in origin form")
	}
	path := target.Path
	if path == "" {
		// Of a target in absolute form; it is sent on as a slash.
		path = "/"
	}
	if err := CanonicalPath(path); err != nil {
		return "", err
	}
	// Go keeps the encoding only where it is not the one that it would choose itself.
	raw := target.RawPath
	for at := strings.IndexByte(raw, '%'); at >= 0; {
		if at+2 >= len(raw) {
			return "", errors.New("an escape is broken off")
		}
		if char := unhex(raw[at+1])<<4 | unhex(raw[at+2]); char == '/' || unreserved(char) {
			return "", fmt.Errorf("it holds %q in the encoded form %s", char, raw[at:at+3])
		}
		next := strings.IndexByte(raw[at+3:], '%')
		if next < 0 {
			break
		}
		at += 3 + next
	}
	return path, nil
}

// unreserved characters (RFC 3986, section 2.3) need no encoding: who encodes them wants to get past something.
func unreserved(char byte) bool {
	return char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' || char >= '0' && char <= '9' ||
		strings.IndexByte("-._~", char) >= 0
}

func unhex(digit byte) byte {
	switch {
	case digit >= 'a':
		return digit - 'a' + 10
	case digit >= 'A':
		return digit - 'A' + 10
	}
	return digit - '0'
}
