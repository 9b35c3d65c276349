//go:build !linux

package kernel

import (
	"context"
	"encoding/json"
	"io"
)

func run(context.Context, Options, io.Writer) error { return ErrNotSupported }

func detachAll() error { return ErrNotSupported }

func printProbe(stdout io.Writer) error {
	missing := ErrNotSupported.Error()
	features := map[string]string{}
	for _, feature := range []string{"messages", "connect", "original-destination", "policy", "sockmap", "redirect"} {
		features[feature] = missing
	}
	return json.NewEncoder(stdout).Encode(map[string]any{"event": "probe", "features": features})
}

func printObjects(stdout io.Writer) error {
	nothing := []string{}
	return json.NewEncoder(stdout).Encode(map[string]any{
		"event": "objects", "programs": nothing, "maps": nothing, "links": nothing,
	})
}
