//go:build ignore

// The programs of a sidecar that forwards in the kernel (--forwarding sockmap).
//
// A sockops program puts the sidecar's sockets into the table of targets when they are established. Once the sidecar knows
// which two belong together it puts them into the table of sources too, before it has read a byte of either. From then on
// a parser and a verdict see whatever such a socket receives, and the verdict sends it on through the peer's socket.
//
// Two tables, because a source must never have its bytes passed to user space: since Linux 6.14 a socket whose passed bytes
// have not been read when more arrive loses count of what was read, and may then sleep on what comes last.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define MM_AF_INET 2
#define MM_AF_INET6 10

// MM_MOST_AHEAD is how many bytes the kernel may take in for a peer that has not acknowledged them. A redirected byte is
// acknowledged to its sender at once and counts against no socket's buffer, so that a slow reader would have the kernel
// hold whatever is sent to it. Above the bound user space is told, which takes the source out of the table and copies. The
// bound is what a send buffer may grow to (net.ipv4.tcp_wmem).
#define MM_MOST_AHEAD (4 << 20)

// MM_MOST_SOCKETS bounds the tables. A connection that finds them full is copied by user space.
#define MM_MOST_SOCKETS 65536

// mm_sk_listener is where the sidecar listens. The address is in network order; any says that it is of no account.
struct mm_sk_listener {
	__u32 address[4];
	__u32 port;
	__u32 six;
	__u32 any;
};

// mm_sk_flow is what is known about a socket: whose bytes go to which peer, how many were sent on, and how much was
// acknowledged of what was sent through it. User space writes it while the socket is no source, programs do afterwards.
struct mm_sk_flow {
	__u64 peer;
	__u64 redirected;
	__u64 acknowledged;
	__u32 listed;
	__u32 dialled;
	__u32 behind;
	__u32 unused;
};

// All tables but the listener's and the counters' go by socket cookie.
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, MM_MOST_SOCKETS);
	__type(key, __u64);
	__type(value, __u64);
} mm_sk_targets SEC(".maps");

// The programs hang on this one.
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, MM_MOST_SOCKETS);
	__type(key, __u64);
	__type(value, __u64);
} mm_sk_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MM_MOST_SOCKETS);
	__type(key, __u64);
	__type(value, struct mm_sk_flow);
} mm_sk_flows SEC(".maps");

// mm_sk_behind tells user space the sources whose peers fall too far behind.
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} mm_sk_behind SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mm_sk_listener);
} mm_sk_listen SEC(".maps");

// mm_sk_bytes counts what was redirected: 0 from accepted sockets (requests), 1 from dialled ones (answers).
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} mm_sk_bytes SEC(".maps");

// accepted_here tells whether a connection was made to the sidecar's own listening address.
static __always_inline int accepted_here(struct bpf_sock_ops *ops)
{
	__u32 zero = 0;
	struct mm_sk_listener *own = bpf_map_lookup_elem(&mm_sk_listen, &zero);
	__u32 four = ops->local_ip4;
	__u32 six0 = ops->local_ip6[0], six1 = ops->local_ip6[1], six2 = ops->local_ip6[2], six3 = ops->local_ip6[3];

	// Read before any branch and kept there: the compiler would join reads of two branches into one through a pointer that
	// it computes, which the verifier refuses.
	asm volatile("" : "+r"(four), "+r"(six0), "+r"(six1), "+r"(six2), "+r"(six3));
	if (!own || !own->port || ops->local_port != own->port)
		return 0;
	if (own->any)
		return 1;
	if (ops->family == MM_AF_INET)
		return !own->six && four == own->address[0];
	return ops->family == MM_AF_INET6 && own->six && six0 == own->address[0] && six1 == own->address[1] &&
	       six2 == own->address[2] && six3 == own->address[3];
}

// list puts a socket into the table of targets. A failure leaves it out, and user space copies.
static __always_inline void list(struct bpf_sock_ops *ops, __u64 *cookie)
{
	struct mm_sk_flow *flow = bpf_map_lookup_elem(&mm_sk_flows, cookie);
	if (!flow)
		return;
	// Without what the peer acknowledges nothing would bound the bytes that are underway.
	if (bpf_sock_ops_cb_flags_set(ops, BPF_SOCK_OPS_RTT_CB_FLAG))
		return;
	if (!bpf_sock_hash_update(ops, &mm_sk_targets, cookie, BPF_NOEXIST))
		flow->listed = 1;
}

SEC("sockops")
int mm_sk_ops(struct bpf_sock_ops *ops)
{
	struct mm_sk_flow *flow, fresh = {};
	__u64 cookie;

	switch (ops->op) {
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		if (!accepted_here(ops))
			break;
		cookie = bpf_get_socket_cookie(ops);
		if (!bpf_map_update_elem(&mm_sk_flows, &cookie, &fresh, BPF_NOEXIST))
			list(ops, &cookie);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		// The sidecar wrote the flow of a socket before it dialled: no other process's socket has one.
		cookie = bpf_get_socket_cookie(ops);
		list(ops, &cookie);
		break;
	case BPF_SOCK_OPS_RTT_CB:
		cookie = bpf_get_socket_cookie(ops);
		flow = bpf_map_lookup_elem(&mm_sk_flows, &cookie);
		if (flow)
			flow->acknowledged = ops->bytes_acked;
		break;
	}
	return 1;
}

// mm_sk_parser takes each piece as it comes for a message: a stream has none. There must be a parser though, since a
// verdict without one may lose what comes together with the end of the stream.
SEC("sk_skb/stream_parser")
int mm_sk_parser(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("sk_skb/stream_verdict")
int mm_sk_verdict(struct __sk_buff *skb)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	__u64 peer, length = skb->len;
	struct mm_sk_flow *flow = bpf_map_lookup_elem(&mm_sk_flows, &cookie);
	struct mm_sk_flow *out;
	__u64 *count;
	__u32 which;

	if (!flow)
		return SK_PASS;
	peer = flow->peer;
	// Only a peer that is being closed cannot be found.
	if (bpf_sk_redirect_hash(skb, &mm_sk_targets, &peer, 0) != SK_PASS)
		return SK_PASS;
	flow->redirected += length;
	which = flow->dialled != 0;
	count = bpf_map_lookup_elem(&mm_sk_bytes, &which);
	if (count)
		*count += length;
	out = bpf_map_lookup_elem(&mm_sk_flows, &peer);
	// An acknowledged SYN or FIN counts as a byte, so that the difference may be below 0.
	if (out && !flow->behind && (__s64)(flow->redirected - out->acknowledged) > MM_MOST_AHEAD &&
	    !bpf_ringbuf_output(&mm_sk_behind, &cookie, sizeof(cookie), 0))
		flow->behind = 1;
	return SK_PASS;
}
