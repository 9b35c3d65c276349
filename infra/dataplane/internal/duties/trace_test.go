package duties

import (
	"regexp"
	"strings"
	"testing"
)

const validTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestOnlyValidTracesAreKept(t *testing.T) {
	for given, want := range map[string]bool{
		validTrace: true,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff":      true,
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":      true,
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what": true,
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what": false,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what": false,
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":      false,
		"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01":      false,
		"00-00000000000000000000000000000000-b7ad6b7169203331-01":      false,
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01":      false,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0":       false,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g":      false,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ":     false,
		" 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":     false,
		"00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01":      false,
		"": false,
	} {
		if got := KeepsTrace(given); got != want {
			t.Errorf("%q is kept: %v, want %v", given, got, want)
		}
	}
}

func TestATraceGoesOnWithANewParentAndTheFlagsThatAreKnown(t *testing.T) {
	for given, flags := range map[string]string{
		validTrace:                       "01",
		validTrace[:53] + "fe":           "02",
		"cc" + validTrace[2:] + "-other": "01",
	} {
		got := string(appendTraceparent(nil, given))
		if !KeepsTrace(got) || got[:35] != "00-"+given[3:35] || got[36:52] == given[36:52] || got[53:] != flags {
			t.Errorf("%s became %s, want flags %s", given, got, flags)
		}
	}
	first, second := string(appendTraceparent(nil, "")), string(appendTraceparent(nil, "junk"))
	if first[3:35] == second[3:35] || !strings.HasSuffix(first, "-02") {
		t.Errorf("new traces are %s and %s", first, second)
	}
}

// known is another way of saying what the recommendation says, to hold the parser against.
var known = regexp.MustCompile(`^(?:00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-(?s:.*))?)$`)

func valid(given string) bool {
	return known.MatchString(given) && given[:2] != "ff" && !(given[:2] == "00" && len(given) != 55) &&
		given[3:35] != strings.Repeat("0", 32) && given[36:52] != strings.Repeat("0", 16)
}

func FuzzTraceparent(f *testing.F) {
	for _, seed := range []string{validTrace, "cc" + validTrace[2:] + "-x", "ff" + validTrace[2:], "", validTrace + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		kept := KeepsTrace(given)
		if kept != valid(given) || kept != KeepsTrace([]byte(given)) {
			t.Fatalf("%q is kept: %v", given, kept)
		}
		out := string(appendTraceparent(nil, given))
		if !valid(out) || len(out) != 55 || out[:2] != "00" {
			t.Fatalf("%q became %q", given, out)
		}
		if kept != strings.Contains(given, out[3:35]) {
			t.Fatalf("%q became %q", given, out)
		}
	})
}
