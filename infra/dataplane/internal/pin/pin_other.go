//go:build !linux

package pin

import "errors"

func moveThreads(int, []int) error { return errors.New("this platform cannot pin processes to cores") }
