//go:build !amd64 && !arm64

package keepawake

func pause() {}
