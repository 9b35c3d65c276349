package policy

import (
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOnlyPathsWithOneReadingAreCanonical(t *testing.T) {
	for _, fine := range []string{"/", "/a", "/a/", "/a/b.c", "/.well-known/x", "/...", "/a b", "/ä", "/a!$&'()*+,=:@~-_"} {
		if err := CanonicalPath(fine); err != nil {
			t.Errorf("%q: %v", fine, err)
		}
	}
	for _, refused := range []string{
		"", "a", "*", "//", "//a", "/a//b", "/a//", "/.", "/..", "/./a", "/../a", "/a/.", "/a/..", "/a/../b", "/a/./", "/a\\b",
		"/a;b", "/a;b/c", "/a?b", "/a#b", "/a%2fb", "/%", "/a\x00", "/a\nb", "/\x7f", "/\xc0\xae\xc0\xae/a", "/\xff",
	} {
		if CanonicalPath(refused) == nil {
			t.Errorf("%q is taken as canonical", refused)
		}
	}
	if cost := testing.AllocsPerRun(100, func() { _ = CanonicalPath("/api/v2/orders/ä/7/") }); cost != 0 {
		t.Errorf("%g allocations for each path", cost)
	}
}

func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{"/a/b/", "//", "/a/../b", "/ä;", "/%2e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		if CanonicalPath(given) != nil {
			return
		}
		// Not even a server that decodes, unifies slashes and cleans would see another path.
		if want := strings.TrimSuffix(given, "/"); path.Clean(given) != want && given != "/" {
			t.Errorf("%q is cleaned to %q", given, path.Clean(given))
		}
		if !utf8.ValidString(given) || strings.ContainsAny(given, "\\;?#%\x00\r\n") {
			t.Errorf("%q", given)
		}
	})
}

func TestEncodingsThatHideSomethingAreRefused(t *testing.T) {
	for target, want := range map[string]string{
		"/":                      "/",
		"/a%20b":                 "/a b",
		"/%C3%A4/x?q=%2e%2e/..":  "/ä/x",
		"/a!b":                   "/a!b",
		"/a%21b":                 "/a!b",
		"/a%40b%3A%2B":           "/a@b:+",
		"/a|b":                   "/a|b",
		"http://example":         "/",
		"http://example/a?b":     "/a",
		"/admin/../secret":       "",
		"//secret":               "",
		"/%2e%2e/secret":         "",
		"/.%2e/secret":           "",
		"/%2E/secret":            "",
		"/admin%2fsecret":        "",
		"/admin%2F..%2Fsecret":   "",
		"/admin%5csecret":        "",
		"/admin\\secret":         "",
		"/admin%252fsecret":      "",
		"/%61dmin":               "",
		"/admin;/secret":         "",
		"/admin%3b/secret":       "",
		"/admin%00":              "",
		"/admin%3fx":             "",
		"/admin%23x":             "",
		"/admin#x":               "",
		"/%c0%ae%c0%ae/secret":   "",
		"/a%0d%0aX-Evil:%201":    "",
		"http://example//secret": "",
		"*":                      "",
		"mailto:x":               "",
	} {
		parsed, err := url.ParseRequestURI(target)
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", target, err)
			}
			continue
		}
		got, err := RequestPath(parsed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s is judged as %q, %v; want %q", target, got, err, want)
		}
	}
	parsed, err := url.ParseRequestURI("/api/v2/orders/7%40/a!?b=c")
	if err != nil {
		t.Fatal(err)
	}
	if cost := testing.AllocsPerRun(100, func() { _, _ = RequestPath(parsed) }); cost != 0 {
		t.Errorf("%g allocations for each path", cost)
	}
}

func FuzzRequestPath(f *testing.F) {
	for _, seed := range []string{"/a/b?c", "/%2e%2e/x", "/a%2fb", "//x", "/a%252e", "/ä", "/a!%21|", "http://h/a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		parsed, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		judged, err := RequestPath(parsed)
		if err != nil {
			return
		}
		// What a proxy sends on, as servers of different habits read it.
		sent, _, _ := strings.Cut(parsed.RequestURI(), "?")
		once, err := url.PathUnescape(sent)
		if err != nil {
			t.Fatalf("%q is sent on as %q: %v", target, sent, err)
		}
		twice, err := url.PathUnescape(once)
		if err != nil {
			t.Fatalf("%q decodes to %q: %v", target, once, err)
		}
		cleaned := path.Clean(strings.ReplaceAll(twice, "\\", "/"))
		if strings.HasSuffix(twice, "/") && cleaned != "/" {
			cleaned += "/"
		}
		unencoded, _, _ := strings.Cut(sent, ";")
		if once != judged || twice != judged || cleaned != judged || unencoded != sent {
			t.Errorf("%q is judged as %q, but read as %q, %q or %q", target, judged, once, twice, cleaned)
		}
		// A server that splits before it decodes sees as many segments, none of which is dots.
		if strings.Count(sent, "/") != strings.Count(judged, "/") {
			t.Errorf("%q is judged as %q and sent as %q", target, judged, sent)
		}
	})
}
