// Who asks where a connection was going is told. Included by agent.c.
#pragma once

#include "tables.h"

#define MM_SOL_IP 0
#define MM_SOL_IPV6 41
// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST are the same number (linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h).
#define MM_ORIGINAL_DESTINATION 80
// A hook on getsockopt sees at most a page; told that it wants nothing of an answer, the kernel gives its own.
#define MM_PAGE 4096

struct mm_sockaddr_in {
	__u16 family;
	__be16 port;
	__u32 address;
	__u64 zero;
};

struct mm_sockaddr_in6 {
	__u16 family;
	__be16 port;
	__u32 flow;
	__u32 address[4];
	__u32 scope;
};

SEC("cgroup/getsockopt")
int mm_getsockopt(struct bpf_sockopt *option)
{
	struct mm_connection own = {};
	struct bpf_sock *socket = option->sk;

	if (option->optname != MM_ORIGINAL_DESTINATION || (option->level != MM_SOL_IP && option->level != MM_SOL_IPV6)) {
		if (option->optlen > MM_PAGE)
			option->optlen = 0;
		return 1;
	}
	if (!socket)
		return 1;
	if (socket->family == MM_AF_INET) {
		mm_map_ip4(&own.local, socket->src_ip4);
		mm_map_ip4(&own.remote, socket->dst_ip4);
	} else if (socket->family == MM_AF_INET6) {
		own.local.address[0] = socket->src_ip6[0];
		own.local.address[1] = socket->src_ip6[1];
		own.local.address[2] = socket->src_ip6[2];
		own.local.address[3] = socket->src_ip6[3];
		own.remote.address[0] = socket->dst_ip6[0];
		own.remote.address[1] = socket->dst_ip6[1];
		own.remote.address[2] = socket->dst_ip6[2];
		own.remote.address[3] = socket->dst_ip6[3];
	} else {
		return 1;
	}
	own.local.port = socket->src_port;
	own.remote.port = bpf_ntohs((__u16)socket->dst_port);
	struct mm_endpoint *origin = bpf_map_lookup_elem(&mm_origins, &own);
	if (!origin)
		return 1;

	if (option->level == MM_SOL_IP) {
		struct mm_sockaddr_in *answer = option->optval;
		if ((void *)(answer + 1) > option->optval_end)
			return 1;
		answer->family = MM_AF_INET;
		answer->port = bpf_htons((__u16)origin->port);
		answer->address = origin->address[3];
		answer->zero = 0;
		option->optlen = sizeof(*answer);
	} else {
		struct mm_sockaddr_in6 *answer = option->optval;
		if ((void *)(answer + 1) > option->optval_end)
			return 1;
		answer->family = MM_AF_INET6;
		answer->port = bpf_htons((__u16)origin->port);
		answer->flow = 0;
		answer->address[0] = origin->address[0];
		answer->address[1] = origin->address[1];
		answer->address[2] = origin->address[2];
		answer->address[3] = origin->address[3];
		answer->scope = 0;
		option->optlen = sizeof(*answer);
	}
	// The compiler would write both fields at once, which the verifier does not allow.
	asm volatile("" ::: "memory");
	option->retval = 0;
	return 1;
}
