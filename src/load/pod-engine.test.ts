import { describe, expect, it } from 'vitest';
import type { EngineReading, EngineSlice } from './engine-events.js';
import type { EngineTarget, LoadgenEngine } from './loadgen.js';
import { mergedReading, podEngine } from './pod-engine.js';
import { engineTarget, READY } from './testing/engine-target.js';

const target = (id: string, agents: NonNullable<EngineTarget['agents']>): EngineTarget => ({
  ...engineTarget(id),
  agents,
});

const core = (cpu: number, idleMicros: number) => ({
  cpu,
  userMicros: 0,
  systemMicros: 0,
  irqMicros: 0,
  softirqMicros: 0,
  stealMicros: 0,
  idleMicros,
});

const process = (role: string, pid: number, cpuNs: number | null, agent?: string) => ({
  target: role === 'generator' ? '' : 'any',
  role,
  pid,
  cpuNs,
  userMicros: 1,
  systemMicros: 1,
  voluntarySwitches: 1,
  involuntarySwitches: 1,
  rssBytes: 10,
  rssPeakBytes: 10,
  ...(agent === undefined ? {} : { agent }),
});

/** An engine that tells what it is given to tell. */
function telling(cpu: unknown[], reading: EngineReading): LoadgenEngine {
  return {
    ready: READY,
    setTargets: async () => ({}),
    runSlices: async (orders, onSlice) => {
      for (const { seq } of orders) onSlice({ event: 'slice', seq, cpu } as unknown as EngineSlice);
    },
    read: async () => reading,
    stop: () => undefined,
    close: async () => undefined,
  };
}

const NOTHING: EngineReading = { event: 'reading', atMicros: 5, processes: [], cores: [] };

describe('podEngine', () => {
  it('tells processes of different pods apart that have the same id', async () => {
    const edges = (agent: string) => ({ role: 'x', pid: 7, warmupStartNs: 0, startNs: 1, endNs: 2, agent });
    const engine = podEngine(telling([edges('10.0.0.1:9700'), edges('10.0.0.2:9700')], NOTHING));
    const agents = [
      { address: '10.0.0.1:9700', pidBase: 1000, machine: 0 },
      { address: '10.0.0.2:9700', pidBase: 2000, machine: 0 },
    ];
    await engine.setTargets([target('a', agents)]);
    const seen: EngineSlice[] = [];
    const order = { seq: 1, target: 'a', model: 'closed' as const, requests: 1, warmupRequests: 0 };
    await engine.runSlices([order], (slice) => seen.push(slice));
    expect(seen[0]?.cpu.map(({ pid }) => pid)).toEqual([1007, 2007]);
    expect(seen[0]?.cpu[0]).not.toHaveProperty('agent');
  });

  it('numbers the cores of the machine that it is on, and those that agents tell of, apart from other machines’', async () => {
    const answer = { address: 'behind', offsetMicros: 0, uncertaintyMicros: 1, atMicros: 0 };
    const reading = { ...NOTHING, cores: [core(0, 1)], agents: [{ ...answer, cores: [core(0, 2)] }] };
    const engine = podEngine(telling([], reading));
    await engine.setTargets([
      target('a', [
        { address: 'own', pidBase: 0, machine: 1 },
        { address: 'behind', pidBase: 1, machine: 0 },
      ]),
    ]);
    expect((await engine.read()).cores).toEqual([core(4096, 1), core(0, 2)]);
  });
});

describe('mergedReading', () => {
  const agents = [
    { address: 'near', pidBase: 100, machine: 0 },
    { address: 'far', pidBase: 200, machine: 1 },
  ];
  const answer = (address: string, idleMicros: number) => ({
    address,
    offsetMicros: 0,
    uncertaintyMicros: 1,
    atMicros: 0,
    cores: [core(0, idleMicros)],
  });
  const reading = (generatorNs: number | null): EngineReading => ({
    event: 'reading',
    atMicros: 5,
    processes: [
      process('generator', 1, generatorNs),
      process('outbound', 7, 10, 'near'),
      process('inbound', 7, 20, 'far'),
    ],
    cores: [core(0, 1)],
    agents: [answer('near', 2), answer('far', 3)],
  });

  it('has each machine’s cores once, and each target’s own generator', async () => {
    const readings = [];
    for (const [id, cpuNs] of [
      ['a', 5],
      ['b', 6],
    ] as const) {
      const engine = podEngine(telling([], reading(cpuNs)));
      await engine.setTargets([target(id, agents)]);
      readings.push(await engine.read());
    }
    const merged = mergedReading(readings);
    expect(merged.cores).toEqual([core(0, 1), core(4096, 3)]);
    const generators = merged.processes.filter(({ role }) => role === 'generator');
    expect(generators.map(({ target: of, pid, cpuNs }) => [of, pid, cpuNs])).toEqual([
      ['a', 101, 5],
      ['b', 101, 6],
    ]);
    expect(merged.processes.filter((one) => one.target === 'b').map(({ pid }) => pid)).toEqual([
      101, 107, 207,
    ]);
  });
});
