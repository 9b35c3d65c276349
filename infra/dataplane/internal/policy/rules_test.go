package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func decide(t testing.TB, rules []Rule, identity, method, path string) bool {
	t.Helper()
	inForce, err := newStore(rules)
	if err != nil {
		t.Fatal(err)
	}
	allowed, _, err := inForce.check(identity, method, path)
	if err != nil {
		t.Fatal(err)
	}
	return allowed
}

const outbound = "spiffe://meshmark/outbound"

func TestWhatNoRuleAllowsIsDeniedAndADenyWins(t *testing.T) {
	rules := []Rule{
		{outbound, "GET", "/api/*", Allow},
		{"*", "GET", "/public", Allow},
		{outbound, "*", "/api/secret*", Deny},
		{"spiffe://meshmark/admin", "*", "*", Allow},
		{"*", "DELETE", "*", Deny},
	}
	backwards := slices.Clone(rules)
	slices.Reverse(backwards)
	for _, test := range []struct {
		identity, method, path string
		want                   bool
	}{
		{outbound, "GET", "/api/orders", true},
		{outbound, "GET", "/api/", true},
		{outbound, "GET", "/api", false},
		{outbound, "POST", "/api/orders", false},
		{outbound, "GET", "/api/secret", false},
		{outbound, "GET", "/api/secrets/1", false},
		{outbound, "GET", "/public", true},
		{Anonymous, "GET", "/public", true},
		{Anonymous, "GET", "/public/", false},
		{Anonymous, "GET", "/api/orders", false},
		{"spiffe://meshmark/outbounds", "GET", "/api/orders", false},
		{"*", "GET", "/api/orders", false},
		{"spiffe://meshmark/admin", "PUT", "/api/secret", true},
		{"spiffe://meshmark/admin", "DELETE", "/api/orders", false},
	} {
		for _, order := range [][]Rule{rules, backwards} {
			if got := decide(t, order, test.identity, test.method, test.path); got != test.want {
				t.Errorf("%+v: allowed is %v", test, got)
			}
		}
	}
	if decide(t, nil, outbound, "GET", "/") {
		t.Error("allowed by no rules at all")
	}
}

func TestMistakesInRulesAreNamed(t *testing.T) {
	good := `{"identity":"*","method":"GET","path":"/a","effect":"allow"}`
	for text, want := range map[string]string{
		``:                    "JSON list",
		`{}`:                  "JSON list",
		`[` + good:            "after rule 1",
		`[` + good + `] x`:    "follows",
		`[` + good + `,3]`:    "rule 2: must be an object",
		`[` + good + `,{}]`:   "rule 2: identity is missing",
		`[{"identity":"*"}]`:  "rule 1: method is missing",
		`[` + good[:20] + `]`: "rule 1",
		`[{"Identity":"*","method":"GET","path":"/a","effect":"allow"}]`:                 `rule 1: field "Identity"`,
		`[{"identity":"*","method":"GET","path":"/a","effect":"allow","effect":"deny"}]`: `rule 1: field "effect"`,
		`[{"identity":"*","method":"GET","path":"/a","effect":"allow","note":""}]`:       `rule 1: field "note"`,
		`[{"identity":"*","method":"GET","path":7,"effect":"allow"}]`:                    "rule 1: path: must be text",
		`[{"identity":"bob","method":"GET","path":"/a","effect":"allow"}]`:               "rule 1: identity must be",
		`[{"identity":"*","method":"get","path":"/a","effect":"allow"}]`:                 "rule 1: method must be",
		`[{"identity":"*","method":"GET","path":"a","effect":"allow"}]`:                  "rule 1: path must begin",
		`[{"identity":"*","method":"GET","path":"/a/*/b","effect":"allow"}]`:             "rule 1: path may have *",
		`[{"identity":"*","method":"GET","path":"//a","effect":"allow"}]`:                "rule 1: path",
		`[{"identity":"*","method":"GET","path":"/a/../b","effect":"allow"}]`:            "rule 1: path",
		`[{"identity":"*","method":"GET","path":"/a%20b","effect":"allow"}]`:             "rule 1: path",
		`[{"identity":"*","method":"GET","path":"/a?b=c","effect":"allow"}]`:             "rule 1: path",
		`[{"identity":"*","method":"GET","path":"/a","effect":"permit"}]`:                "rule 1: effect must be",
	} {
		if _, err := ParseRules([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", text, err, want)
		}
	}
	for _, fine := range []string{"[]", "[" + good + "]", " [ " + good + "\n, " + good + " ] "} {
		if _, err := ParseRules([]byte(fine)); err != nil {
			t.Errorf("%s gives %v", fine, err)
		}
	}
}

// matches is a plain reading of what a rule says, to hold casbin against.
func matches(rule Rule, identity, method, path string) bool {
	fixed, starred := strings.CutSuffix(rule.Path, "*")
	return (rule.Identity == "*" || rule.Identity == identity) && (rule.Method == "*" || rule.Method == method) &&
		(path == rule.Path || starred && strings.HasPrefix(path, fixed))
}

func FuzzRules(f *testing.F) {
	f.Add([]byte(`[{"identity":"*","method":"GET","path":"/a*","effect":"allow"},{"identity":"anonymous","method":"*","path":"*","effect":"deny"}]`),
		"anonymous", "GET", "/ab")
	f.Add([]byte(`[{"identity":"spiffe://a","method":"GET","path":"/a","effect":"allow"}]`), "spiffe://a", "GET", "/a")
	f.Add([]byte(`[]`), "", "", "")
	f.Fuzz(func(t *testing.T, text []byte, identity, method, path string) {
		rules, err := ParseRules(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		if reread, err := ParseRules(again); err != nil || !slices.Equal(rules, reread) {
			t.Fatalf("%s became %v, %v", again, reread, err)
		}
		if checkable(identity, method, path) != nil {
			return
		}
		allowed, denied := false, false
		for _, rule := range rules {
			if matches(rule, identity, method, path) {
				allowed = allowed || rule.Effect == Allow
				denied = denied || rule.Effect == Deny
			}
		}
		if got := decide(t, rules, identity, method, path); got != (allowed && !denied) {
			t.Fatalf("%s: %q %q %q allowed is %v", text, identity, method, path, got)
		}
	})
}
