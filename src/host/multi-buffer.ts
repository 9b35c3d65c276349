/** Whether the processor has what multi-buffer cryptography needs: eight signatures at once in AVX-512 registers. */
import { readFileSync } from 'node:fs';

/** What Intel's crypto_mb checks for (`mbx_get_algo_info`): AVX-512 with 52-bit integer multiplication. */
export const MULTI_BUFFER_FLAGS = ['avx512f', 'avx512dq', 'avx512bw', 'avx512vl', 'avx512ifma'] as const;

/** The flags that a /proc/cpuinfo lacks on its first processor; all of them where it has no flags. */
export function lackingFlags(cpuinfo: string): readonly string[] {
  const flags = new Set((/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '').trim().split(/\s+/));
  return MULTI_BUFFER_FLAGS.filter((flag) => !flags.has(flag));
}

/** Why the processor cannot, in one line; null when it can. */
export function lackOfMultiBuffer(path = '/proc/cpuinfo'): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return `multi-buffer cryptography needs AVX-512 IFMA, and there is no ${path} to find it in`;
  }
  const lacking = lackingFlags(text);
  return lacking.length === 0
    ? null
    : `multi-buffer cryptography needs AVX-512 IFMA, and this processor lacks ${lacking.join(', ')}`;
}
