package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
)

// Effects of a rule.
const (
	Allow = "allow"
	Deny  = "deny"
)

// Anonymous is the identity of a peer without a certificate.
const Anonymous = "anonymous"

// Rule allows or denies what it matches.
type Rule struct {
	// Identity is a spiffe:// URI, "anonymous", or "*" for any.
	Identity string `json:"identity"`
	// Method is a method in upper case, or "*" for any.
	Method string `json:"method"`
	// Path is a decoded path, or the beginning of paths and then "*".
	Path string `json:"path"`
	// Effect is "allow" or "deny".
	Effect string `json:"effect"`
}

func (r Rule) validate() error {
	switch {
	case r.Identity == "":
		return errors.New("identity is missing")
	case !utf8.ValidString(r.Identity):
		return fmt.Errorf("identity %q is not UTF-8", r.Identity)
	case r.Identity != "*" && r.Identity != Anonymous && !strings.HasPrefix(r.Identity, "spiffe://"):
		return fmt.Errorf("identity must be a spiffe:// URI, %q or \"*\", got %q", Anonymous, r.Identity)
	case r.Method == "":
		return errors.New("method is missing")
	case r.Method != "*" && strings.Trim(r.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != "":
		return fmt.Errorf("method must be in upper case or \"*\", got %q", r.Method)
	case r.Path == "":
		return errors.New("path is missing")
	case r.Effect == "":
		return errors.New("effect is missing")
	case r.Effect != Allow && r.Effect != Deny:
		return fmt.Errorf("effect must be %q or %q, got %q", Allow, Deny, r.Effect)
	}
	return r.validatePath()
}

// validatePath refuses paths that no request could be found under, so that a rule which can never match is not
// mistaken for protection.
func (r Rule) validatePath() error {
	fixed, starred := strings.CutSuffix(r.Path, "*")
	switch {
	case starred && fixed == "":
		return nil
	case strings.Contains(fixed, "*"):
		return fmt.Errorf("path may have * at its end only, got %q", r.Path)
	case !strings.HasPrefix(fixed, "/"):
		return fmt.Errorf("path must begin with / or be \"*\", got %q", r.Path)
	}
	if err := CanonicalPath(fixed); err != nil {
		// "/a/." and "/a/.." are the beginnings of paths that are fine.
		if !starred || CanonicalPath(fixed+"x") != nil {
			return fmt.Errorf("path %q: %w", r.Path, err)
		}
	}
	return nil
}

// casbinModel says in casbin's language what the rules mean. Every rule is looked at, as a deny may be the last.
const casbinModel = `
[request_definition]
r = sub, act, obj
[policy_definition]
p = sub, act, obj, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (p.sub == "*" || p.sub == r.sub) && (p.act == "*" || p.act == r.act) && keyMatch(r.obj, p.obj)
`

// newEnforcer returns an enforcer of these rules, which is not changed any more and may be used by many goroutines.
func newEnforcer(rules []Rule) (*casbin.Enforcer, error) {
	definition, err := model.NewModelFromString(casbinModel)
	if err != nil {
		return nil, fmt.Errorf("model of the rules: %w", err)
	}
	enforcer, err := casbin.NewEnforcer(definition)
	if err != nil {
		return nil, fmt.Errorf("enforcer of the rules: %w", err)
	}
	// A rule that is there twice is refused by casbin, and means nothing more than once.
	seen := make(map[Rule]bool, len(rules))
	for index, rule := range rules {
		if seen[rule] {
			continue
		}
		seen[rule] = true
		if _, err := enforcer.AddPolicy(rule.Identity, rule.Method, rule.Path, rule.Effect); err != nil {
			return nil, fmt.Errorf("rule %d: %w", index+1, err)
		}
	}
	return enforcer, nil
}
