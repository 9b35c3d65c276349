//go:build !linux

package wire

import (
	"context"
	"errors"
	"io"
)

func run(context.Context, options, io.Writer) error {
	return errors.New("network namespaces exist on Linux only")
}
