/** Reading what a data-plane process says of itself: runtime metrics and witness counters. */
import { get } from 'node:http';
import { z } from 'zod';
import { type RuntimeSnapshot, runtimeSnapshot } from '../record/index.js';

export interface AdminSnapshot {
  readonly runtime: RuntimeSnapshot;
  readonly witness: Readonly<Record<string, number>>;
}

const adminSnapshot = z.object({
  schema: z.literal('meshmark.admin/1'),
  runtime: runtimeSnapshot,
  witness: z.record(z.string(), z.number()),
});

const ADMIN_LIMIT_MS = 2000;

/** Reads `http://<address>/snapshot`. Null when the process is gone or does not answer in 2 s. */
export async function readAdmin(address: string): Promise<AdminSnapshot | null> {
  try {
    const parsed = adminSnapshot.safeParse(JSON.parse(await fetchText(`http://${address}/snapshot`)));
    return parsed.success ? { runtime: parsed.data.runtime, witness: parsed.data.witness } : null;
  } catch {
    return null;
  }
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: ADMIN_LIMIT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
