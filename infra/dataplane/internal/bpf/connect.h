// Where they lead: connections to virtual addresses are sent on, those to what is denied refused. Included by agent.c.
#pragma once

#include "tables.h"

// mm_connect decides about a connection to wanted: 0 to refuse it; else 1, with *to set when it is to go elsewhere.
static __always_inline int mm_connect(__u64 cookie, const struct mm_endpoint *wanted, struct mm_endpoint **to)
{
	struct mm_endpoint *real = bpf_map_lookup_elem(&mm_virtual, wanted);
	struct mm_counts *counts = mm_counts_of(real ? real : wanted);

	*to = 0;
	if (mm_with_policy) {
		int denied = bpf_map_lookup_elem(&mm_denied, wanted) || (real && bpf_map_lookup_elem(&mm_denied, real));
		if (denied) {
			if (counts)
				counts->connects_denied++;
			return 0;
		}
	}
	if (!real)
		return 1;
	bpf_map_update_elem(&mm_wanted, &cookie, wanted, BPF_ANY);
	if (counts)
		counts->connects_redirected++;
	*to = real;
	return 1;
}

SEC("cgroup/connect4")
int mm_connect4(struct bpf_sock_addr *address)
{
	struct mm_endpoint wanted;
	struct mm_endpoint *to;

	if (address->protocol != IPPROTO_TCP)
		return 1;
	mm_map_ip4(&wanted, address->user_ip4);
	wanted.port = bpf_ntohs((__u16)address->user_port);
	if (!mm_connect(bpf_get_socket_cookie(address), &wanted, &to))
		return 0;
	if (to) {
		address->user_ip4 = to->address[3];
		address->user_port = bpf_htons((__u16)to->port);
	}
	return 1;
}

SEC("cgroup/connect6")
int mm_connect6(struct bpf_sock_addr *address)
{
	struct mm_endpoint wanted;
	struct mm_endpoint *to;

	if (address->protocol != IPPROTO_TCP)
		return 1;
	wanted.address[0] = address->user_ip6[0];
	wanted.address[1] = address->user_ip6[1];
	wanted.address[2] = address->user_ip6[2];
	wanted.address[3] = address->user_ip6[3];
	wanted.port = bpf_ntohs((__u16)address->user_port);
	if (!mm_connect(bpf_get_socket_cookie(address), &wanted, &to))
		return 0;
	if (to) {
		address->user_ip6[0] = to->address[0];
		address->user_ip6[1] = to->address[1];
		address->user_ip6[2] = to->address[2];
		address->user_ip6[3] = to->address[3];
		address->user_port = bpf_htons((__u16)to->port);
	}
	return 1;
}

// Who asks a socket for its peer is told the address that was asked for.
SEC("cgroup/getpeername4")
int mm_getpeername4(struct bpf_sock_addr *address)
{
	__u64 cookie = bpf_get_socket_cookie(address);
	struct mm_endpoint *wanted = bpf_map_lookup_elem(&mm_wanted, &cookie);

	if (wanted) {
		address->user_ip4 = wanted->address[3];
		address->user_port = bpf_htons((__u16)wanted->port);
	}
	return 1;
}

SEC("cgroup/getpeername6")
int mm_getpeername6(struct bpf_sock_addr *address)
{
	__u64 cookie = bpf_get_socket_cookie(address);
	struct mm_endpoint *wanted = bpf_map_lookup_elem(&mm_wanted, &cookie);

	if (wanted) {
		address->user_ip6[0] = wanted->address[0];
		address->user_ip6[1] = wanted->address[1];
		address->user_ip6[2] = wanted->address[2];
		address->user_ip6[3] = wanted->address[3];
		address->user_port = bpf_htons((__u16)wanted->port);
	}
	return 1;
}
