//go:build amd64 || arm64

package keepawake

// pause tells the core that this is a waiting loop, so that a sibling hyperthread gets its share.
func pause()
