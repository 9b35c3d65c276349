// Package loadgen is the slice engine: it holds connections to every variant open and runs short, exactly delimited
// measurements ("slices") on them, one after another, in the order it is told.
//
// Usage, as the subcommand of the one binary; commands and events are described in PROTOCOL.md:
//
//	printf '%s\n' \
//	  '{"id":1,"op":"targets","targets":[{"id":"a","address":"127.0.0.1:8080","connections":16,"timeoutMs":2000}]}' \
//	  '{"id":2,"op":"slices","slices":[{"seq":0,"target":"a","model":"closed","requests":300,"warmupRequests":100}]}' \
//	  | (cat; sleep 1) | dataplane loadgen
//
// README.md beside this file says why there is such a thing, what its numbers mean and what it costs.
package loadgen
