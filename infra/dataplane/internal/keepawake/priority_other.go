//go:build !linux

package keepawake

import "errors"

func yieldToEverything() error { return errors.New("this platform has no priority below all others") }
