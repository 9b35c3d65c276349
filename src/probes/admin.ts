/** Reading what a data-plane process says of itself: runtime metrics and witness counters. */
import { get } from 'node:http';
import { z } from 'zod';
import { type CounterSource, firmwareRequests } from '../host/index.js';
import { type RuntimeSnapshot, runtimeSnapshot } from '../record/index.js';
import { haproxyCounters, nginxCounters, prometheusCounters } from './foreign-counters.js';

export interface AdminSnapshot {
  /** Null for programs that are not ours: nothing of theirs has such figures. */
  readonly runtime: RuntimeSnapshot | null;
  readonly witness: Readonly<Record<string, number>>;
}

const adminSnapshot = z.object({
  schema: z.literal('meshmark.admin/1'),
  runtime: runtimeSnapshot,
  witness: z.record(z.string(), z.number()),
});

const ADMIN_LIMIT_MS = 2000;

/** Reads a process's counters. Null when it is gone, does not answer in 2 s, or answers something else. */
export async function readAdmin(source: CounterSource): Promise<AdminSnapshot | null> {
  const said = onOneClock(await readProcess(source), source);
  if (said === null || source.firmware === undefined) return said;
  const qatServed = firmwareRequests(source.firmware);
  return qatServed === null ? said : { ...said, witness: { ...said.witness, qatServed } };
}

/** Times of another machine's clock cannot be laid beside the generator's, and are left out. */
function onOneClock(said: AdminSnapshot | null, { otherClock }: CounterSource): AdminSnapshot | null {
  if (said === null || said.runtime === null || otherClock !== true) return said;
  const { recentPauses: _recentPauses, ...runtime } = said.runtime;
  return { ...said, runtime };
}

async function readProcess(source: CounterSource): Promise<AdminSnapshot | null> {
  try {
    switch (source.type) {
      case 'snapshot': {
        const text = await fetchText(`http://${source.address}/snapshot`);
        const { runtime, witness } = adminSnapshot.parse(JSON.parse(text));
        return { runtime, witness };
      }
      case 'prometheus':
        return { runtime: null, witness: prometheusCounters(await fetchText(source.url), source.metrics) };
      case 'haproxy-csv':
        return { runtime: null, witness: haproxyCounters(await fetchText(source.url), source.cells) };
      case 'nginx-status': {
        const own = (readingsOf.get(source) ?? 0) + 1;
        readingsOf.set(source, own);
        return { runtime: null, witness: nginxCounters(await fetchText(source.url), own) };
      }
    }
  } catch {
    return null;
  }
}

/** How often each nginx was asked: it counts our questions among its requests. */
const readingsOf = new WeakMap<CounterSource, number>();

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: ADMIN_LIMIT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`status ${status}`));
      });
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
