/** Asking a data-plane process to profile its own CPU, and what it found. */
import { z } from 'zod';
import { type CpuShares, cpuShares } from '../record/index.js';
import { fetchLater } from './fetch-later.js';

const answer = cpuShares.extend({ schema: z.literal('meshmark.cpu-shares/1') });

/**
 * Has the process behind `http://<address>` profile itself for `seconds`. Null when it is gone, cannot, or `signal` is
 * aborted meanwhile.
 */
export async function readCpuShares(
  address: string,
  seconds: number,
  signal: AbortSignal,
): Promise<CpuShares | null> {
  try {
    const url = `http://${address}/cpu-shares?seconds=${seconds}`;
    const parsed = answer.safeParse(JSON.parse(await fetchLater(url, seconds, signal)));
    if (!parsed.success) return null;
    const { schema: _schema, ...shares } = parsed.data;
    return shares;
  } catch {
    return null;
  }
}
