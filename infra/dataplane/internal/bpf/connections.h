// Connections that are established: their sockets are kept, and where they were going. Included by agent.c.
#pragma once

#include "tables.h"

SEC("sockops")
int mm_established(struct bpf_sock_ops *ops)
{
	struct mm_connection own = {};
	int active = ops->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB;

	if (!active && ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return 1;
	if (ops->family == MM_AF_INET) {
		mm_map_ip4(&own.local, ops->local_ip4);
		mm_map_ip4(&own.remote, ops->remote_ip4);
	} else if (ops->family == MM_AF_INET6) {
		own.local.address[0] = ops->local_ip6[0];
		own.local.address[1] = ops->local_ip6[1];
		own.local.address[2] = ops->local_ip6[2];
		own.local.address[3] = ops->local_ip6[3];
		own.remote.address[0] = ops->remote_ip6[0];
		own.remote.address[1] = ops->remote_ip6[1];
		own.remote.address[2] = ops->remote_ip6[2];
		own.remote.address[3] = ops->remote_ip6[3];
	} else {
		return 1;
	}
	own.local.port = ops->local_port;
	own.remote.port = bpf_ntohl(ops->remote_port);

	struct mm_endpoint *server = active ? &own.remote : &own.local;
	if (!bpf_map_lookup_elem(&mm_endpoints, server))
		return 1;
	if (mm_with_origins && active) {
		__u64 cookie = bpf_get_socket_cookie(ops);
		struct mm_endpoint *wanted = bpf_map_lookup_elem(&mm_wanted, &cookie);
		if (wanted) {
			struct mm_connection at_server;
			struct mm_endpoint origin = *wanted;
			mm_swap(&at_server, &own);
			bpf_map_update_elem(&mm_origins, &at_server, &origin, BPF_ANY);
		}
	}
	if (mm_with_messages) {
		// A port may be used again.
		if (mm_any_missed)
			bpf_map_delete_elem(&mm_missed, &own);
		long failed = bpf_sock_hash_update(ops, &mm_sockets, &own, BPF_ANY);
		struct mm_counts *counts = mm_counts_of(server);
		if (counts && failed)
			counts->sockets_not_added++;
		else if (counts)
			counts->sockets_added++;
	}
	return 1;
}
