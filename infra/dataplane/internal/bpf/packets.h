// Packets of connections that stand: judged one by one, since what is denied may have been allowed before. Included by agent.c.
#pragma once

#include "tables.h"

#define MM_ETH_P_IP 0x0800
#define MM_ETH_P_IPV6 0x86dd
#define MM_IPV6_HEADER 40

struct mm_tcp_head {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledged;
	__u8 offset;
};

// mm_read_packet reads whose packet it is, from its sender's side, and how many bytes of payload it has; negative for
// what is not TCP.
static __always_inline long mm_read_packet(struct __sk_buff *packet, struct mm_connection *from)
{
	struct mm_tcp_head tcp;
	__u32 at;

	if (packet->protocol == bpf_htons(MM_ETH_P_IP)) {
		struct {
			__u8 length;
			__u8 service;
			__be16 total;
			__u32 fragment;
			__u8 lives;
			__u8 protocol;
			__u16 checksum;
			__u32 source;
			__u32 destination;
		} ip;
		if (bpf_skb_load_bytes(packet, 0, &ip, sizeof(ip)) || ip.protocol != IPPROTO_TCP)
			return -1;
		mm_map_ip4(&from->local, ip.source);
		mm_map_ip4(&from->remote, ip.destination);
		at = (ip.length & 0xf) * 4;
	} else if (packet->protocol == bpf_htons(MM_ETH_P_IPV6)) {
		struct {
			__u32 flow;
			__be16 length;
			__u8 next;
			__u8 hops;
			__u32 source[4];
			__u32 destination[4];
		} ip;
		if (bpf_skb_load_bytes(packet, 0, &ip, sizeof(ip)) || ip.next != IPPROTO_TCP)
			return -1;
		__builtin_memcpy(from->local.address, ip.source, sizeof(ip.source));
		__builtin_memcpy(from->remote.address, ip.destination, sizeof(ip.destination));
		at = MM_IPV6_HEADER;
	} else {
		return -1;
	}
	if (bpf_skb_load_bytes(packet, at, &tcp, sizeof(tcp)))
		return -1;
	from->local.port = bpf_ntohs(tcp.source);
	from->remote.port = bpf_ntohs(tcp.destination);
	return (long)packet->len - at - (tcp.offset >> 4) * 4;
}

// What servers of the mesh send.
SEC("cgroup_skb/egress")
int mm_egress(struct __sk_buff *packet)
{
	struct mm_connection own = {};
	long payload = mm_read_packet(packet, &own);

	if (payload < 0 || !bpf_map_lookup_elem(&mm_endpoints, &own.local))
		return 1;
	struct mm_counts *counts = mm_counts_of(&own.local);
	if (!counts)
		return 1;
	counts->answer_bytes_checked += payload;
	if (!mm_is_denied(&own))
		return 1;
	counts->packets_denied++;
	return 0;
}

// What is sent to them.
SEC("cgroup_skb/ingress")
int mm_ingress(struct __sk_buff *packet)
{
	struct mm_connection from = {};
	struct mm_connection own;
	long payload = mm_read_packet(packet, &from);

	if (payload < 0 || !bpf_map_lookup_elem(&mm_endpoints, &from.remote))
		return 1;
	struct mm_counts *counts = mm_counts_of(&from.remote);
	if (!counts)
		return 1;
	counts->request_bytes_checked += payload;
	mm_swap(&own, &from);
	if (!mm_is_denied(&own))
		return 1;
	counts->packets_denied++;
	return 0;
}
