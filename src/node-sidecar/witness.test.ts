/** That the two ways of forwarding differ in what they claim: where the bytes lie, and what is allocated for them. */
import { Agent, createServer, get, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSidecarHost, type RunningSidecar, type Snapshot } from './testing/sidecar-process.js';
import { listening } from './testing/sockets.js';

const BODY_BYTES = 16_384;
const REQUESTS = 1000;
const host = createSidecarHost();
afterAll(() => host.close());

function fetchBytes(port: number, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** What the sidecar's counters grew by over `requests` requests, four at a time. */
async function drive(sidecar: RunningSidecar, requests: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const before = await sidecar.snapshot();
  let left = requests;
  const client = async () => {
    while (left-- > 0) expect(await fetchBytes(sidecar.port, agent)).toBe(BODY_BYTES);
  };
  await Promise.all([client(), client(), client(), client()]);
  const after = await sidecar.snapshot();
  agent.destroy();
  const witness = (name: string) => (after.witness[name] ?? 0) - (before.witness[name] ?? 0);
  const runtime = (
    name: 'gcCycles' | 'gcCpuSeconds' | 'allocBytes' | 'allocHeapBytes' | 'allocOffHeapBytes',
  ) => after.runtime[name] - before.runtime[name];
  return { witness, runtime, after };
}

describe('what the counters prove', () => {
  let upstream: Server;
  let port: number;
  beforeAll(async () => {
    const body = Buffer.alloc(BODY_BYTES, 'meshmark');
    upstream = createServer((_request, response) => response.end(body));
    port = await listening(upstream);
  });
  afterAll(() => {
    upstream.close();
    upstream.closeAllConnections();
  });

  const pausesOf = ({ runtime }: Snapshot) => runtime.gcPauses.counts.reduce((sum, count) => sum + count, 0);

  it('pooled: every body byte lay in a buffer of the pool, nearly every buffer had been used before', async () => {
    const sidecar = await host.start(port, '--buffers', 'pooled');
    await drive(sidecar, 100);
    const { witness, runtime, after } = await drive(sidecar, REQUESTS);
    await sidecar.end();
    expect(witness('bytesCopied')).toBe(REQUESTS * BODY_BYTES);
    expect(witness('bytesThroughPool')).toBe(REQUESTS * BODY_BYTES);
    expect(witness('poolGets')).toBeGreaterThanOrEqual(REQUESTS);
    expect(witness('poolHits') / witness('poolGets')).toBeGreaterThanOrEqual(0.99);
    expect(witness('upstreamDials')).toBeLessThanOrEqual(4);
    // Less than a hundredth of the bodies was allocated for them.
    expect(runtime('allocOffHeapBytes')).toBeLessThan((REQUESTS * BODY_BYTES) / 100);
    expect(pausesOf(after)).toBeGreaterThanOrEqual(after.runtime.gcCycles);
  });

  it('streams: none of it did, and the bodies were allocated twice', async () => {
    const sidecar = await host.start(port, '--buffers', 'streams');
    await drive(sidecar, 100);
    const { witness, runtime } = await drive(sidecar, REQUESTS);
    await sidecar.end();
    expect(witness('bytesCopied')).toBe(REQUESTS * BODY_BYTES);
    expect(witness('bytesThroughPool')).toBe(0);
    expect(witness('poolGets')).toBe(0);
    expect(witness('upstreamDials')).toBeLessThanOrEqual(4);
    // By the socket that reads it, with its head, and again by the parser that hands it out.
    const perBody = runtime('allocOffHeapBytes') / (REQUESTS * BODY_BYTES);
    expect(perBody).toBeGreaterThan(2);
    expect(perBody).toBeLessThan(2.1);
    expect(runtime('allocHeapBytes') / REQUESTS).toBeGreaterThan(1000);
    expect(runtime('gcCycles')).toBeGreaterThan(0);
    expect(runtime('gcCpuSeconds')).toBeGreaterThan(0);
  });
});
