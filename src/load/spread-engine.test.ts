import { describe, expect, it } from 'vitest';
import { EnvironmentFault } from '../host/index.js';
import type { EngineReading, EngineSlice } from './engine-events.js';
import type { EngineTarget, LoadgenEngine } from './loadgen.js';
import { mergedReading, spreadEngine } from './spread-engine.js';

const READY = { event: 'ready', pid: 1, goVersion: 'go', cpuClock: 'process' } as const;

const target = (id: string, agents: EngineTarget['agents'] = []): EngineTarget => ({
  id,
  address: '10.0.0.1:1',
  connections: 1,
  timeoutMs: 1000,
  protocol: 'http1',
  connectionPerRequest: false,
  idleConnections: 0,
  processes: [],
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

/** An engine that notes what it is asked. */
function noting(id: string, said: string[], cpu: unknown[] = []): LoadgenEngine {
  return {
    ready: READY,
    setTargets: async (targets) => {
      said.push(`${id} targets ${targets.map((one) => one.id).join()}`);
      return id === 'gone' ? { gone: 'connection refused' } : {};
    },
    runSlices: async (orders, onSlice) => {
      for (const { seq } of orders) {
        said.push(`${id} slice ${seq}`);
        onSlice({ event: 'slice', seq, target: id, cpu } as unknown as EngineSlice);
      }
    },
    read: async () => ({ event: 'reading', atMicros: 5, processes: [], cores: [] }),
    stop: () => said.push(`${id} stop`),
    close: async () => {
      said.push(`${id} close`);
    },
  };
}

const order = (seq: number, id: string) => ({
  seq,
  target: id,
  model: 'closed' as const,
  requests: 1,
  warmupRequests: 0,
});

describe('spreadEngine', () => {
  it('hands each slice to the engine of its target, one after another, and lets engines of earlier targets go', async () => {
    const said: string[] = [];
    const engine = spreadEngine(READY, async (id) => noting(id, said));
    expect(await engine.setTargets([target('a'), target('gone')])).toEqual({ gone: 'connection refused' });
    const seen: number[] = [];
    await engine.runSlices([order(1, 'a'), order(2, 'gone'), order(3, 'a')], ({ seq }) => seen.push(seq));
    expect(seen).toEqual([1, 2, 3]);
    await engine.setTargets([target('b')]);
    await engine.close();
    expect(said).toEqual([
      'a targets a',
      'gone targets gone',
      'a slice 1',
      'gone slice 2',
      'a slice 3',
      'a close',
      'gone close',
      'b targets b',
      'b close',
    ]);
  });

  it('stops the slice that is being run, and drops those that follow', async () => {
    const said: string[] = [];
    const engine = spreadEngine(READY, async (id) => noting(id, said));
    await engine.setTargets([target('a'), target('b')]);
    await engine.runSlices([order(1, 'a'), order(2, 'b')], () => engine.stop());
    expect(said.slice(2)).toEqual(['a slice 1', 'a stop']);
  });

  it('marks the slice of an engine that is lost, and goes on with the others', async () => {
    const lost = new EnvironmentFault('DRIVER_EXITED', 'loadgen ended: its pod was evicted');
    const engine = spreadEngine(READY, async (id) => {
      if (id === 'never') throw lost;
      const one = noting(id, []);
      const fails = () => Promise.reject(lost);
      return id === 'a' ? { ...one, runSlices: fails, read: fails } : one;
    });
    expect(await engine.setTargets([target('a'), target('b'), target('never')])).toEqual({
      never: lost.message,
    });
    const seen: EngineSlice[] = [];
    await engine.runSlices([order(1, 'a'), order(2, 'b')], (slice) => seen.push(slice));
    expect(seen.map(({ seq, failed }) => [seq, failed])).toEqual([
      [1, lost.message],
      [2, undefined],
    ]);
    expect(await engine.read()).toMatchObject({ processes: [] });
  });

  it('tells processes of different pods apart that have the same id', async () => {
    const edges = (agent: string) => ({ role: 'x', pid: 7, warmupStartNs: 0, startNs: 1, endNs: 2, agent });
    const cpu = [edges('10.0.0.1:9700'), edges('10.0.0.2:9700')];
    const engine = spreadEngine(READY, async (id) => noting(id, [], cpu));
    const agents = [
      { address: '10.0.0.1:9700', pidBase: 1000, machine: 0 },
      { address: '10.0.0.2:9700', pidBase: 2000, machine: 0 },
    ];
    await engine.setTargets([target('a', agents)]);
    const seen: EngineSlice[] = [];
    await engine.runSlices([order(1, 'a')], (slice) => seen.push(slice));
    expect(seen[0]?.cpu.map(({ pid }) => pid)).toEqual([1007, 2007]);
    expect(seen[0]?.cpu[0]).not.toHaveProperty('agent');
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

  it('has each machine’s cores once, and each target’s own generator', () => {
    const merged = mergedReading([
      { target: target('a', agents), reading: reading(5) },
      { target: target('b', agents), reading: reading(6) },
    ]);
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
