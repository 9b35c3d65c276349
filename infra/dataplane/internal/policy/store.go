package policy

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/casbin/casbin/v3"
)

// ruleSet is one version of the rules. It never changes.
type ruleSet struct {
	version  uint64
	rules    []Rule
	enforcer *casbin.Enforcer
	// replaced is closed when there is a newer version.
	replaced chan struct{}
}

// store holds the rules that are in force. A reader sees one version of them and never a mixture.
type store struct {
	instance uint64
	current  atomic.Pointer[ruleSet]
	// mutex lets one change happen at a time.
	mutex sync.Mutex
}

func newStore(rules []Rule) (*store, error) {
	s := &store{instance: rand.Uint64()}
	if _, err := s.replace(rules); err != nil {
		return nil, err
	}
	return s, nil
}

// replace puts these rules in force and returns their version, which is one more than the last.
func (s *store) replace(rules []Rule) (version uint64, err error) {
	enforcer, err := newEnforcer(rules)
	if err != nil {
		return 0, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	next := &ruleSet{version: 1, rules: rules, enforcer: enforcer, replaced: make(chan struct{})}
	last := s.current.Load()
	if last != nil {
		next.version = last.version + 1
	}
	s.current.Store(next)
	if last != nil {
		close(last.replaced)
	}
	return next.version, nil
}

// checkable refuses what no decision is safe about. Casbin, for one, takes empty fields as matched by no rules at all.
func checkable(identity, method, path string) error {
	switch {
	case identity == "":
		return errors.New("identity is missing")
	case method == "":
		return errors.New("method is missing")
	}
	if err := CanonicalPath(path); err != nil {
		return fmt.Errorf("path %q: %w", path, err)
	}
	return nil
}

// check decides by the rules in force and says which version of them that was.
func (s *store) check(identity, method, path string) (allowed bool, version uint64, err error) {
	set := s.current.Load()
	if err := checkable(identity, method, path); err != nil {
		return false, set.version, err
	}
	allowed, err = set.enforcer.Enforce(identity, method, path)
	if err != nil {
		return false, set.version, fmt.Errorf("check %s %s by %s: %w", method, path, identity, err)
	}
	return allowed, set.version, nil
}
