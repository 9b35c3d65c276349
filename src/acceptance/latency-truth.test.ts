/** Is the latency that loadgen reports true? Against the service's own clock, and against another generator. */
import { execFileSync, spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, createLocalCluster, type Deployment } from '../cluster/index.js';
import { createProcessHost, dataplaneBinary, type ProcessHost } from '../host/index.js';
import { type EngineSlice, type EngineSliceOrder, type LoadgenEngine, startLoadgen } from '../load/index.js';
import { decodeHistogram, quantileNs } from '../record/index.js';
import { resolveVariant } from '../variants/index.js';
import { scratchFolder } from './command-line.js';

const hasWrk = spawnSync('wrk', ['-v']).error === undefined;
const CONNECTIONS = 4;
/** What the generator and the service may add to a bare round trip over loopback: parsing, the runtime's wake-ups. */
const MOST_ADDED_MS = 0.1;

describe('latency without a proxy', () => {
  let host: ProcessHost;
  let cluster: Cluster;
  let engine: LoadgenEngine;

  beforeAll(async () => {
    host = createProcessHost();
    cluster = createLocalCluster(host, {
      keepAwake: true,
      directory: scratchFolder(),
      longestMs: 60_000,
      nodes: 1,
      roundTripMs: 0,
      policyLatencyMs: 0,
      addresses: 'ipv4',
      kernelHooks: false,
    });
    engine = await startLoadgen(host, cluster.isolation.generatorCores);
  });

  afterAll(async () => {
    await engine.close();
    await cluster.close();
    await host.close();
  });

  const standService = async (delayMs: number): Promise<Deployment> => {
    const direct = resolveVariant(
      { id: 'direct', kind: 'direct', options: {}, command: null },
      { roles: ['outbound', 'inbound'], clusterOf: () => '', connections: CONNECTIONS, protocol: 'http1' },
    );
    const [outcome] = await cluster.deploy({
      variants: [direct],
      service: {
        protocol: 'http1',
        stream: null,
        responseBytes: { min: 1024, max: 1024 },
        delayMs,
        faultRate: 0,
      },
    });
    if (outcome?.state !== 'standing') throw new Error(`no service: ${JSON.stringify(outcome)}`);
    const { deployment } = outcome;
    const target = {
      id: 'direct',
      address: deployment.entry,
      connections: CONNECTIONS,
      timeoutMs: 5000,
      protocol: 'http1' as const,
      connectionPerRequest: false,
      idleConnections: 0,
      processes: [],
    };
    expect(await engine.setTargets([target])).toEqual({});
    return deployment;
  };

  const measure = async (
    order: Omit<Extract<EngineSliceOrder, { model: 'open' }>, 'seq' | 'target' | 'model' | 'seed'>,
  ) => {
    const slices: EngineSlice[] = [];
    await engine.runSlices([{ seq: 1, target: 'direct', model: 'open', seed: 5, ...order }], (slice) =>
      slices.push(slice),
    );
    const [slice] = slices;
    if (slice === undefined || slice.failed !== null) throw new Error(`no slice: ${JSON.stringify(slice)}`);
    return slice;
  };

  const quantileMs = (encoded: string | null, q: number) =>
    quantileNs(decodeHistogram(encoded ?? ''), q) / 1e6;

  it.each([1, 5, 20])(
    'exceeds the service’s own residence time of %i ms by little more than a bare round trip takes, at p50',
    async (delayMs) => {
      const deployment = await standService(delayMs);
      const beyondMs: number[] = [];
      const addedMs: number[] = [];
      // What others do to this machine meanwhile only ever adds: the least of three says what the generator adds itself.
      // What loopback takes is the machine's and not the generator's, and is measured beside it at the same rate.
      for (let turn = 0; turn < 3; turn += 1) {
        const slice = await measure({
          ratePerSecond: 100,
          arrivals: 'constant',
          durationMs: 1500,
          warmupMs: 300,
        });
        expect(quantileMs(slice.latency, 0.5)).toBeGreaterThanOrEqual(delayMs);
        const beyond = quantileMs(slice.beyondResidence, 0.5);
        beyondMs.push(beyond);
        addedMs.push(beyond - bareRoundTripMs(cluster.isolation.generatorCores));
      }
      expect(Math.min(...beyondMs)).toBeGreaterThan(0);
      expect(Math.min(...addedMs), `of ${addedMs} ms, beyond ${beyondMs} ms`).toBeLessThan(MOST_ADDED_MS);
      await cluster.teardown([deployment]);
    },
  );

  it.runIf(hasWrk).each([1, 5, 20])(
    'agrees with wrk at p50 for a delay of %i ms, within a tenth or 50 µs',
    async (delayMs) => {
      const deployment = await standService(delayMs);
      const slices: EngineSlice[] = [];
      const closed = { seq: 1, target: 'direct', model: 'closed', durationMs: 3000, warmupMs: 300 } as const;
      const oursMs: number[] = [];
      const theirsMs: number[] = [];
      // Alternating, so that a slow moment does not fall on one of the two alone.
      for (let turn = 0; turn < 3; turn += 1) {
        await engine.runSlices([closed], (slice) => slices.push(slice));
        oursMs.push(quantileMs(slices.at(-1)?.latency ?? null, 0.5));
        theirsMs.push(await wrkMedianMs(deployment.entry, cluster.isolation.generatorCores));
      }
      const [ours, theirs] = [median(oursMs), median(theirsMs)];
      const difference = Math.abs(ours - theirs);
      expect(difference, `loadgen ${ours} ms, wrk ${theirs} ms`).toBeLessThan(Math.max(0.05, theirs * 0.1));
      await cluster.teardown([deployment]);
    },
  );

  it('shows a 500 ms stall of the service as intended-time latency and not as send-time latency', async () => {
    const deployment = await standService(0);
    const admin = deployment.processes[0]?.admin;
    if (admin?.type !== 'snapshot') throw new Error('the service has no admin port');
    const stall = setTimeout(() => {
      request(`http://${admin.address}/stall?ms=500`, { method: 'POST' }).end();
    }, 1500);
    // 8,000 requests: the four that are in flight when the stall begins are fewer than one in a thousand.
    const slice = await measure({
      ratePerSecond: 2000,
      arrivals: 'constant',
      durationMs: 4000,
      warmupMs: 300,
    });
    clearTimeout(stall);
    expect(quantileMs(slice.latency, 0.999)).toBeGreaterThan(400);
    expect(quantileMs(slice.latency, 0.999)).toBeLessThan(600);
    expect(quantileMs(slice.sendLatency, 0.999)).toBeLessThan(100);
    await cluster.teardown([deployment]);
  });
});

/** Median of bare round trips over loopback, 100 a second, on the cores that generator and service share. */
function bareRoundTripMs(cores: readonly number[]): number {
  // Elsewhere the limit holds for the whole.
  if (process.platform !== 'linux') return 0;
  const [first = 0, second = first] = cores;
  const options = ['--cpus', `${first},${second}`, '--round-trips', '100', '--pause', '10ms'];
  const told = execFileSync(dataplaneBinary(), ['loopback', ...options], { encoding: 'utf8' });
  return (JSON.parse(told) as { readonly medianNs: number }).medianNs / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Median latency that wrk reports, in ms, from the same cores and with as many connections. */
async function wrkMedianMs(address: string, cores: readonly number[]): Promise<number> {
  const pin = process.platform === 'linux' ? ['taskset', '-c', cores.join(',')] : [];
  const [command = 'wrk', ...args] = [
    ...pin,
    'wrk',
    '-t1',
    `-c${CONNECTIONS}`,
    '-d2s',
    '--latency',
    `http://${address}/`,
  ];
  const text = execFileSync(command, args, { encoding: 'utf8' });
  const match = /50%\s+([\d.]+)(us|ms|s)/.exec(text);
  if (match === null) throw new Error(`wrk printed no median:\n${text}`);
  const factor = match[2] === 'us' ? 0.001 : match[2] === 's' ? 1000 : 1;
  return Number(match[1]) * factor;
}
