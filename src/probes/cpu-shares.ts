/** Asking a data-plane process to profile its own CPU, and what it found. */
import { get } from 'node:http';
import { z } from 'zod';
import { type CpuShares, cpuShares } from '../record/index.js';

const answer = cpuShares.extend({ schema: z.literal('meshmark.cpu-shares/1') });

/** The answer comes after the profile, and parsing it takes a busy process a while. */
const PATIENCE_MS = 5000;

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
    const parsed = answer.safeParse(JSON.parse(await fetchText(url, seconds * 1000 + PATIENCE_MS, signal)));
    if (!parsed.success) return null;
    const { schema: _schema, ...shares } = parsed.data;
    return shares;
  } catch {
    return null;
  }
}

function fetchText(url: string, limitMs: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: limitMs, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
