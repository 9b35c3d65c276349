import { describe, expect, it } from 'vitest';
import { perfStacks } from './perf-script.js';

/** As `perf script` of perf 6.1 wrote it, of HAProxy from Debian, of a Go program and of a C++ one. */
const SCRIPT = `   2004008 
\tffffffff821f3125 tcp_sendmsg_locked ([kernel.kallsyms])
\tffffffff81000e46 entry_SYSCALL_64_after_hwframe ([kernel.kallsyms])
\t          10e1b7 __libc_send (/usr/lib/x86_64-linux-gnu/libc.so.6)
\t           3bcff [unknown] (/usr/sbin/haproxy)
\t           3bd00 [unknown] (/usr/sbin/haproxy)
\t    5645038eba28 [unknown] ([unknown])

   2004008 
\tffffffff821f3125 tcp_sendmsg_locked ([kernel.kallsyms])
\tffffffff81000e46 entry_SYSCALL_64_after_hwframe ([kernel.kallsyms])
\t          10e1b7 __libc_send (/usr/lib/x86_64-linux-gnu/libc.so.6)
\t           3bcff [unknown] (/usr/sbin/haproxy)

   1000000 
\tffffffffc0a01234 nft_do_chain ([nf_tables])
\t          61a0c1 net/http.(*conn).serve (/home/me/a (1)/meshmark-dataplane)

   1000000 
\t          61a0c1 Envoy::Network::write(std::string const&) const (/opt/envoy (deleted))

   1000000 
\t    5645038eba28 [unknown] ([unknown])
`;

describe('what perf script prints', () => {
  const { functions, stacks } = perfStacks(SCRIPT);
  const named = stacks.map(({ frames, ...rest }) => ({
    names: frames.map((frame) => functions[frame]),
    ...rest,
  }));

  it('is added up by stack, the outermost function first, with who each function belongs to', () => {
    expect(named[0]).toEqual({
      names: [
        'haproxy [no symbols]',
        '__libc_send [libc.so.6]',
        'entry_SYSCALL_64_after_hwframe [kernel]',
        'tcp_sendmsg_locked [kernel]',
      ],
      value: 4_008_016,
      samples: 2,
    });
    expect(named[1]?.names).toEqual(['net/http.(*conn).serve', 'nft_do_chain [kernel]']);
  });

  it('has names with brackets and blanks in them, and files that were removed', () => {
    expect(named[2]?.names).toEqual(['Envoy::Network::write(std::string const&) const']);
  });

  it('keeps the time of a sample of which nothing is known', () => {
    expect(named[3]).toEqual({ names: ['(no stack)'], value: 1_000_000, samples: 1 });
    expect(perfStacks('')).toEqual({ functions: [], stacks: [] });
  });
});
