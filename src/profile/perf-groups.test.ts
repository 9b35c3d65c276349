import { describe, expect, it } from 'vitest';
import { foldStacks } from './fold.js';
import { groupOf } from './groups.js';
import { compareProfiles } from './movers.js';
import { lookAtFolded } from './testing/sample-stacks.js';

describe('stacks by perf', () => {
  it.each([
    [
      'network in the kernel',
      'haproxy [no symbols];send [libc.so.6];tcp_sendmsg [kernel];skb_clone [kernel]',
    ],
    [
      'network in the kernel',
      'x;tcp_sendmsg [kernel];ip_finish_output2 [kernel];__local_bh_enable_ip [kernel];handle_softirqs [kernel]',
    ],
    ['copying memory', 'x;tcp_recvmsg [kernel];_copy_to_iter [kernel]'],
    [
      'scheduling and polling',
      'x;do_epoll_wait [kernel];schedule [kernel];finish_task_switch.isra.0 [kernel]',
    ],
    ['elsewhere in the kernel', 'x;do_sys_openat2 [kernel];path_openat [kernel]'],
    ['eBPF', 'x;sock_sendmsg [kernel];tcp_bpf_sendmsg [kernel];tcp_bpf_push [kernel]'],
    ['cryptography', 'haproxy [no symbols];SSL_write [libssl.so.3];libcrypto.so.3 [no symbols]'],
    ['other allocation', 'haproxy [no symbols];malloc [libc.so.6]'],
    ['copying memory', 'haproxy [no symbols];__memmove_avx_unaligned_erms [libc.so.6]'],
    ['HTTP/1.1 and headers', 'main;Envoy::Http::Http1::ConnectionImpl::dispatch(Buffer&)'],
    ['HTTP/2, HTTP/3 and gRPC', 'main;Envoy::Http::Http2::ConnectionImpl::dispatch(Buffer&);nghttp2_x'],
    ['proxying', 'main;Envoy::Router::Filter::decodeHeaders'],
    ['code without symbols', 'haproxy [no symbols]'],
    ['code without symbols', 'start_thread [libc.so.6];envoy [no symbols]'],
    ['everything else', 'main;work'],
    ['cryptography', 'runtime.goexit;net/http.(*conn).serve;grpc.x;crypto/tls.(*Conn).Write;runtime.memmove'],
    ['garbage collection', 'runtime.gcBgMarkWorker;runtime.gcDrain'],
    ['network in the kernel', 'runtime.goexit;internal/runtime/syscall.Syscall6;tcp_write_xmit [kernel]'],
  ] as const)('%s: %s', (group, path) => {
    expect(groupOf(['outbound', ...path.split(';')], 'perf-cpu')).toBe(group);
  });

  it('are counted for the innermost function that ran, not for the one that lets interrupts on again', () => {
    const text = 'serve;tcp_sendmsg[kernel];_raw_spin_unlock_irqrestore[kernel] 2000000 1';
    const profile = foldStacks(
      [lookAtFolded(text, { variant: 'v', kind: 'perf-cpu' })].map((look) => ({
        ...look,
        found: look.found && {
          ...look.found,
          functions: look.found.functions.map((name) => name.replace('[kernel]', ' [kernel]')),
        },
      })),
      'v',
      'perf-cpu',
    );
    expect(compareProfiles(null, profile).functions[0]).toMatchObject({
      function: 'tcp_sendmsg [kernel]',
      after: 2,
    });
  });
});
