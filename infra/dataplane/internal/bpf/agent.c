//go:build ignore

// The programs of the agent (dataplane kernel). One variant has one agent, and each agent its own copies of these programs
// and tables. They look at connections to the servers that the agent was told of, the endpoints, and at nothing else.
//
// What a program is to do beside its main point is decided when it is loaded: the verifier removes what a constant rules
// out, so that a variant without a policy pays for none.
#include "tables.h"
#include "connections.h"
#include "messages.h"
#include "connect.h"
#include "original.h"
#include "packets.h"

char LICENSE[] SEC("license") = "GPL";
