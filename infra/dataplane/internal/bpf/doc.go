// Package bpf holds the eBPF programs and what was compiled from them. Users of meshmark need no compiler for them: the
// objects are committed, and a test compiles the sources again and compares.
//
//	go generate ./internal/bpf     # needs clang, and libbpf's headers (Debian: clang llvm libbpf-dev)
//
// Every program and map has a name that starts with mm_, so that what a crash might leave can be told apart.
package bpf
