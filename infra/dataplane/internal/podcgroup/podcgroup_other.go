//go:build !linux

package podcgroup

import "errors"

func own(string) (string, error) { return "", errors.New("needs Linux") }
