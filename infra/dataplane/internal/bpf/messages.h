// What is written to them: handed over beneath TCP/IP where the other end is known. Included by agent.c.
#pragma once

#include "tables.h"

SEC("sk_msg")
int mm_message(struct sk_msg_md *message)
{
	struct mm_connection own = {};
	struct mm_connection peer;

	if (message->family == MM_AF_INET) {
		mm_map_ip4(&own.local, message->local_ip4);
		mm_map_ip4(&own.remote, message->remote_ip4);
		MM_BRANCH("ipv4");
	} else {
		own.local.address[0] = message->local_ip6[0];
		own.local.address[1] = message->local_ip6[1];
		own.local.address[2] = message->local_ip6[2];
		own.local.address[3] = message->local_ip6[3];
		own.remote.address[0] = message->remote_ip6[0];
		own.remote.address[1] = message->remote_ip6[1];
		own.remote.address[2] = message->remote_ip6[2];
		own.remote.address[3] = message->remote_ip6[3];
		MM_BRANCH("ipv6");
	}
	own.local.port = message->local_port;
	own.remote.port = bpf_ntohl(message->remote_port);
	mm_swap(&peer, &own);

	__u32 size = message->size;
	int answers = bpf_map_lookup_elem(&mm_endpoints, &own.local) != 0;
	struct mm_counts *counts = mm_counts_of(answers ? &own.local : &own.remote);
	if (!counts)
		return SK_PASS;
	if (mm_with_policy) {
		if (answers)
			counts->answer_bytes_checked += size;
		else
			counts->request_bytes_checked += size;
		if (mm_is_denied(answers ? &own : &peer)) {
			counts->messages_denied++;
			return SK_DROP;
		}
	}
	int by_tcp = mm_any_missed && bpf_map_lookup_elem(&mm_missed, &own);
	if (!by_tcp && bpf_msg_redirect_hash(message, &mm_sockets, &peer, BPF_F_INGRESS) == SK_PASS) {
		counts->messages_redirected++;
		if (answers)
			counts->answer_bytes_redirected += size;
		else
			counts->request_bytes_redirected += size;
	} else {
		__u8 yes = 1;
		if (!by_tcp) {
			mm_any_missed = 1;
			bpf_map_update_elem(&mm_missed, &own, &yes, BPF_ANY);
		}
		counts->messages_missed++;
		if (answers)
			counts->answer_bytes_missed += size;
		else
			counts->request_bytes_missed += size;
	}
	// Where there is no peer to hand it to, the message goes on through TCP.
	return SK_PASS;
}
