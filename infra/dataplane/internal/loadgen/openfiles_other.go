//go:build !unix

package loadgen

func raiseFileLimit()  {}
func fileLimit() int64 { return never }
