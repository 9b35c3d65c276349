// What the programs of the agent know: constants that are set before loading, tables, counts. Included by agent.c.
#pragma once

#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MM_AF_INET 2
#define MM_AF_INET6 10
#define MM_MOST_ENDPOINTS 16
#define MM_MOST_CONNECTIONS 65536

// Set before loading.
volatile const __u8 mm_with_messages = 0;
volatile const __u8 mm_with_origins = 0;
volatile const __u8 mm_with_policy = 0;

// mm_endpoint is an address and a port: IPv6 in network order, IPv4 mapped into it (RFC 4291, 2.5.5.2); the port in host
// order.
struct mm_endpoint {
	__u32 address[4];
	__u32 port;
};

// mm_connection names a connection as one of its ends sees it.
struct mm_connection {
	struct mm_endpoint local;
	struct mm_endpoint remote;
};

// mm_counts is what happened on connections to one endpoint. Answers are what the server's side sends.
struct mm_counts {
	__u64 answer_bytes_redirected;
	__u64 answer_bytes_missed;
	__u64 answer_bytes_checked;
	__u64 request_bytes_redirected;
	__u64 request_bytes_missed;
	__u64 request_bytes_checked;
	__u64 messages_redirected;
	__u64 messages_missed;
	__u64 messages_denied;
	__u64 packets_denied;
	__u64 connects_redirected;
	__u64 connects_denied;
	__u64 sockets_added;
	__u64 sockets_not_added;
};

// mm_endpoints gives each endpoint its place in mm_counted. Place 0 is for what belongs to none.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MM_MOST_ENDPOINTS);
	__type(key, struct mm_endpoint);
	__type(value, __u32);
} mm_endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MM_MOST_ENDPOINTS + 1);
	__type(key, __u32);
	__type(value, struct mm_counts);
} mm_counted SEC(".maps");

// mm_sockets holds the sockets of connections to endpoints, each by its own view of the connection.
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, MM_MOST_CONNECTIONS);
	__type(key, struct mm_connection);
	__type(value, __u64);
} mm_sockets SEC(".maps");

// mm_virtual says where a connection to a virtual address goes.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct mm_endpoint);
	__type(value, struct mm_endpoint);
} mm_virtual SEC(".maps");

// mm_wanted keeps, by the cookie of the socket that connects, the address that was asked for.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MM_MOST_CONNECTIONS);
	__type(key, __u64);
	__type(value, struct mm_endpoint);
} mm_wanted SEC(".maps");

// mm_origins keeps it by the server's view of the connection, for whoever accepts it.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MM_MOST_CONNECTIONS);
	__type(key, struct mm_connection);
	__type(value, struct mm_endpoint);
} mm_origins SEC(".maps");

// mm_denied holds what nobody may reach, virtual or real.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct mm_endpoint);
	__type(value, __u8);
} mm_denied SEC(".maps");

// MM_BRANCH ends a branch with something of its own. Otherwise the compiler joins reads of two branches into one, of a
// context at a variable offset, which the verifier refuses.
#define MM_BRANCH(name) asm volatile("# " name ::: "memory")

// mm_missed holds the connections, by their sender's view, of which a message once went through TCP: all later ones have
// to follow it there, since a receiver is given what was handed over before what came by TCP. mm_any_missed spares the
// look where there is none, which is the rule.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MM_MOST_CONNECTIONS);
	__type(key, struct mm_connection);
	__type(value, __u8);
} mm_missed SEC(".maps");

volatile __u32 mm_any_missed = 0;

static __always_inline struct mm_counts *mm_counts_of(const struct mm_endpoint *server)
{
	__u32 nobody = 0;
	__u32 *place = bpf_map_lookup_elem(&mm_endpoints, server);
	return bpf_map_lookup_elem(&mm_counted, place ? place : &nobody);
}

static __always_inline void mm_map_ip4(struct mm_endpoint *to, __u32 address)
{
	to->address[0] = 0;
	to->address[1] = 0;
	to->address[2] = bpf_htonl(0xffff);
	to->address[3] = address;
}

static __always_inline void mm_swap(struct mm_connection *to, const struct mm_connection *from)
{
	to->local = from->remote;
	to->remote = from->local;
}

// mm_is_denied tells whether a connection, in the server's view, leads to something denied: the server itself, or the
// virtual address that was asked for.
static __always_inline int mm_is_denied(const struct mm_connection *at_server)
{
	if (bpf_map_lookup_elem(&mm_denied, &at_server->local))
		return 1;
	struct mm_endpoint *origin = bpf_map_lookup_elem(&mm_origins, at_server);
	return origin && bpf_map_lookup_elem(&mm_denied, origin);
}
