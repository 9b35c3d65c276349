//go:build !linux

package original

// intercepted is never asked: the option that would have it asked is refused.
func intercepted(int) bool { return false }
