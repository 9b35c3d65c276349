/** Kinds of work of stacks that perf took, the kernel's among them, of whatever program. */

const KERNEL = ' [kernel]';
const isKernel = (frame: string) => frame.endsWith(KERNEL);

/**
 * A sample of the software clock that came due while interrupts were off is taken where they come on again: these functions
 * stand for whatever ran before, and what called them tells more.
 */
const WHERE_INTERRUPTS_RETURN =
  /^(_raw_(spin|read|write)_unlock\w*|irqentry_\w+|exc_\w+|asm_\w+|sysvec_\w+|irq_exit\w*|(__)?(handle|do)_softirq\w*|__local_bh_enable_ip|entry_SYSCALL_64\w*|do_syscall_64|syscall_\w+|x64_sys_call|exit_to_user_mode\w*|pv_native_\w+|finish_task_switch\S*) \[kernel\]$/;

const COPYING =
  /^(_?copy_(to|from)_\w+|\w*copy_\w*(iter|user)\w*|rep_movs\w*|(__)?mem(cpy|move|set)\w*|skb_copy\w*|csum_partial_copy\w*|clear_page\w*)\b/;
const NETWORK =
  /^(__)?(tcp|udp|ip|ip6|ipv6|inet6?|sock|sk|skb|net|netif|dev|napi|process_backlog|loopback|nf|nft|nf_tables|ipt|eth|neigh|fib|dst|qdisc|veth|kfree_skb|alloc_skb|consume_skb|lock_sock|release_sock|sys_(send|recv)\w*|x64_sys_(send|recv)\w*)(_\w+|\b)/;
const SCHEDULING =
  /^(__)?(schedule\w*|sched_\w+|try_to_wake_up|wake_up\w*|futex\w*|do_futex|ep_\w+|epoll\w*|do_epoll\w*|poll_\w+|do_(poll|select)\w*|hrtimer\w*|ttwu\w*|pick_\w+|dequeue_\w+|enqueue_\w+|select_task_\w+|update_\w+|x64_sys_(futex|epoll_\w+|nanosleep|sched_yield|poll|ppoll))\b/;
const BPF = /^(bpf_\w+|__cgroup_bpf\w*|sock_map\w*|sk_msg\w*|tcp_bpf\w*)\b/;

const CRYPTOGRAPHY =
  /(\[|^)lib(crypto|ssl|gnutls|nettle|hogweed|wolfssl)\b|^(SSL_|EVP_|CRYPTO_|AES_|aes\w*_|gcm_|ChaCha|chacha|Poly1305|poly1305|sha\d+_|SHA\d+_|BN_|bn_|EC_|ecp_|x25519|X25519|RSA_|bssl::)/;
const ALLOCATION =
  /^(malloc|free|cfree|calloc|realloc|operator (new|delete)|tcmalloc::|TCMalloc|je_|_int_(malloc|free)|pool_(alloc|free)\w*)\b/;
const LOCKS = /^(__)?(pthread_(mutex|rwlock|spin|cond)|lll_lock|absl::Mutex)/;
const NEWER_HTTP = /(nghttp[23]|[hH]ttp2|http2::|^h2_|^h2c?_|quiche|quic::|ngtcp2|grpc)/;
const OLDER_HTTP = /([hH]ttp1|http_parser|[bB]alsa|^h1_|^htx_|ngx_http_parse|HeaderMap|HeaderString)/;
const PROXYING = /^(Envoy::|ngx_|stream_|sc_|conn_|cs_|process_stream|si_|back_|http_)/;

/** The groups that only perf sees. */
export type PerfGroup =
  | 'network in the kernel'
  | 'eBPF'
  | 'elsewhere in the kernel'
  | 'code without symbols'
  | 'copying memory'
  | 'scheduling and polling'
  | 'cryptography'
  | 'other allocation'
  | 'locks'
  | 'HTTP/2, HTTP/3 and gRPC'
  | 'HTTP/1.1 and headers'
  | 'proxying';

/** What a stack does; null where only the rules for programs in Go can tell. */
export function perfGroupOf(stack: readonly string[]): PerfGroup | null {
  const innermostFirst = stack.slice(1).reverse();
  const tells = innermostFirst.filter((frame) => !WHERE_INTERRUPTS_RETURN.test(frame));
  if (innermostFirst.some(isKernel)) return kernelGroupOf(tells.filter(isKernel));
  // Of Go, whose own rules know its packages.
  if (innermostFirst.some((frame) => frame.startsWith('runtime.'))) return null;
  const [innermost = ''] = tells;
  if (COPYING.test(innermost)) return 'copying memory';
  for (const frame of tells) {
    if (CRYPTOGRAPHY.test(frame)) return 'cryptography';
    if (ALLOCATION.test(frame)) return 'other allocation';
    if (LOCKS.test(frame)) return 'locks';
    if (NEWER_HTTP.test(frame)) return 'HTTP/2, HTTP/3 and gRPC';
    if (OLDER_HTTP.test(frame)) return 'HTTP/1.1 and headers';
    if (PROXYING.test(frame)) return 'proxying';
  }
  return innermost.endsWith(' [no symbols]') ? 'code without symbols' : null;
}

/** Of the kernel's own frames, the innermost first. */
function kernelGroupOf(frames: readonly string[]): PerfGroup {
  if (frames.some((frame) => BPF.test(frame))) return 'eBPF';
  if (COPYING.test(frames[0] ?? '')) return 'copying memory';
  // What a packet's way through the kernel wakes up is part of the way; only who waits is scheduling's.
  if (frames.some((frame) => NETWORK.test(frame))) return 'network in the kernel';
  return frames.some((frame) => SCHEDULING.test(frame))
    ? 'scheduling and polling'
    : 'elsewhere in the kernel';
}

/** The innermost function, of those that stand for themselves. */
export function perfOwnFunction(stack: readonly string[]): string {
  const innermostFirst = stack.slice(1).reverse();
  return (
    innermostFirst.find((frame) => !WHERE_INTERRUPTS_RETURN.test(frame)) ?? innermostFirst[0] ?? '(no stack)'
  );
}
