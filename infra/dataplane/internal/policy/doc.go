// Package policy is the control plane of the mesh as far as permissions go: rules by identity, method and path, a gRPC
// server that decides by them and tells of their changes, and the client that a sidecar asks with.
//
//	dataplane policy --listen 127.0.0.1:0 --admin 127.0.0.1:0 --rules rules.json --latency 1ms
//
//	client, err := policy.Dial("127.0.0.1:41234")
//	decision, err := client.Check(ctx, "spiffe://meshmark/outbound", "GET", "/api/orders")
//
// A deny wins over every allow, and what no rule allows is denied. The rules are casbin's to evaluate, one after
// another, as control planes do it: a check costs more the more rules there are.
//
// Latency is added to each answer of Check by a timer of Go's, which is never early and up to about a millisecond late
// on Linux, more where no core is free; `go test -v -run Latency` prints what it is. The decision is made after it, so that an answer
// is never older than its way back.
//
// The connection is plain gRPC: whoever can reach the port can ask, and whoever can reach the admin port can change the
// rules. Both listen on loopback unless told otherwise.
package policy
