import { describe, expect, it } from 'vitest';
import { type Effect, type GateRule, METRIC_NAMES, type MetricName, runRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { type BuildOptions, type BuiltRecord, buildRun } from './testing/record-builder.js';

const CLAIMS = ['proxy-in-path', 'upstream-reuse'];
const POOL_CLAIMS = ['buffer-pool', 'buffer-pool-hits', ...CLAIMS];
const PLAIN = { id: 'plain', claims: CLAIMS };
const CHEAP = { id: 'cheap', claims: CLAIMS, cpuMicros: 80, allocBytes: 4000 };
const cpuGate: GateRule = { metric: 'cpu.per_request', maxIncrease: 0.05, maxDecrease: null, variants: null };

/** Without any noise every total is what was asked for. */
const QUIET = { sliceNoise: 0, replicaNoise: 0, roundNoise: 0, idleCpu: 0 } satisfies Partial<BuildOptions>;

function analysed(options: BuildOptions, change: (built: BuiltRecord) => BuiltRecord = (built) => built) {
  const built = change(buildRun(options));
  return { built, ...analyse(built.run, built.slices, built.windows) };
}

function effectOf(
  effects: readonly Effect[],
  metric: MetricName,
  candidate = 'cheap',
  track?: string,
): Effect {
  const found = effects.find(
    (one) =>
      one.metric === metric && one.candidate === candidate && (track === undefined || one.track === track),
  );
  if (found === undefined) throw new Error(`there is no effect of ${candidate} in ${metric}`);
  return found;
}

describe('analyse', () => {
  it('finds exactly what a record without noise was made of', () => {
    const { analysis } = analysed({ ...QUIET, variants: [PLAIN, CHEAP], rounds: 5, longMillis: 8000 });
    const level = (variant: string, metric: MetricName) =>
      analysis.levels.find((one) => one.variant === variant && one.metric === metric)?.value;
    expect(level('plain', 'cpu.per_request')).toBeCloseTo(100, 6);
    expect(level('cheap', 'cpu.per_request')).toBeCloseTo(80, 6);
    expect(level('plain', 'alloc.bytes_per_request')).toBeCloseTo(40_000, 6);
    expect(level('plain', 'alloc.objects_per_request')).toBeCloseTo(80, 6);
    // Two processes, a cycle for each 50 requests of each: 40 per 1,000.
    expect(level('plain', 'gc.cycles_per_1k')).toBeCloseTo(40, 6);
    expect(level('plain', 'gc.cpu_fraction')).toBeCloseTo(0.1, 6);
    // 2.1 switches of each process per request, rounded once per snapshot.
    expect(level('plain', 'ctx_switches.per_request')).toBeCloseTo(4.2, 2);
    // Generator 25 µs, service 20 µs and the proxies: the idle control takes the machine's own 10 ms/s away.
    expect(level('plain', 'cpu.machine_per_request')).toBeCloseTo(145, 3);
    expect(level('plain', 'throughput')).toBeCloseTo(800, 6);
    expect(level('plain', 'errors.rate')).toBe(0);
    const user = level('plain', 'cpu.user_per_request') ?? Number.NaN;
    const system = level('plain', 'cpu.system_per_request') ?? Number.NaN;
    // Ticks of 10 ms decide the split, the processes' clocks the sum.
    expect(Math.abs(user / (user + system) - 0.4)).toBeLessThan(0.03);
    expect(user + system).toBeCloseTo(100, 6);
    expect(effectOf(analysis.effects, 'cpu.per_request')).toMatchObject({
      verdict: 'better',
      blocks: 50,
      replicas: 5,
    });
    expect(effectOf(analysis.effects, 'cpu.per_request').ratio).toBeCloseTo(0.8, 9);
    expect(effectOf(analysis.effects, 'cpu.per_request').difference).toBeCloseTo(-20, 6);
  });

  it('fits the record’s schema, with every metric of every variant once from its deciding track', () => {
    const { built, analysis, variants } = analysed({
      variants: [PLAIN, CHEAP, { id: 'direct', roles: [] }],
      rounds: 4,
      crossCheckEveryRounds: 1,
      gate: [cpuGate],
    });
    const run = { ...built.run, variants, analysis };
    expect(runRecord.parse(JSON.parse(JSON.stringify(run)))).toEqual(run);
    const deciding = analysis.levels.slice(0, 3 * METRIC_NAMES.length);
    expect(new Set(deciding.map((one) => `${one.variant} ${one.metric}`)).size).toBe(deciding.length);
    expect(analysis.effects.length).toBe(2 * METRIC_NAMES.length);
    for (const one of analysis.levels) expect(one.value === null).toBe(one.reason !== null);
  });

  it('finds a planted difference under noise and calls two alike equivalent or inconclusive', () => {
    const { analysis } = analysed({
      variants: [PLAIN, CHEAP, { id: 'again', claims: CLAIMS }],
      rounds: 10,
      microBlocksPerRound: 20,
      replicaNoise: 0.01,
      seed: 3,
    });
    const planted = effectOf(analysis.effects, 'cpu.per_request');
    expect(planted.verdict).toBe('better');
    expect(planted.low).toBeLessThan(0.8);
    expect(planted.high).toBeGreaterThan(0.8);
    const again = effectOf(analysis.effects, 'cpu.per_request', 'again');
    expect(again.verdict).toBe('equivalent');
  });

  it('has a level of exactly 0 and a difference, but no ratio, where a variant has no process', () => {
    const { analysis } = analysed({
      variants: [{ id: 'direct', roles: [] }, CHEAP],
      rounds: 5,
    });
    const effect = effectOf(analysis.effects, 'cpu.per_request');
    expect(effect).toMatchObject({ ratio: null, low: null, high: null, verdict: 'worse' });
    expect(effect.reason).toMatch(/baseline has no data-plane process/);
    expect(effect.differenceLow).toBeGreaterThan(70);
    expect(analysis.levels.find((one) => one.variant === 'direct')).toBeDefined();
    const direct = (metric: MetricName) =>
      analysis.levels.find((one) => one.variant === 'direct' && one.metric === metric);
    expect(direct('cpu.per_request')).toMatchObject({ value: 0, low: 0, high: 0 });
    expect(direct('gc.cpu_fraction')).toMatchObject({ value: null, reason: 'it has no data-plane process' });
    expect(direct('latency.p50')?.value).toBeGreaterThan(0.5);
  });

  it('says null and why, never 0, of what was not read', () => {
    const { analysis } = analysed({ variants: [PLAIN, { ...CHEAP, claims: [], admin: false }], rounds: 4 });
    const level = analysis.levels.find(
      (one) => one.variant === 'cheap' && one.metric === 'alloc.bytes_per_request',
    );
    expect(level).toMatchObject({ value: null, reason: expect.stringMatching(/admin port/) });
    expect(effectOf(analysis.effects, 'alloc.bytes_per_request')).toMatchObject({
      ratio: null,
      verdict: 'inconclusive',
      reason: expect.stringMatching(/admin port/),
    });
  });

  it('decides nothing by fewer than four sets of processes, or fewer than four rounds', () => {
    const few = analysed({ variants: [PLAIN, CHEAP], rounds: 6, replicas: 3 }).analysis;
    expect(effectOf(few.effects, 'cpu.per_request')).toMatchObject({
      verdict: 'inconclusive',
      low: null,
      reason: expect.stringMatching(/needs 4/),
    });
    expect(effectOf(few.effects, 'cpu.per_request').ratio).toBeCloseTo(0.8, 1);
  });

  it('decides CPU only by 30 collections of a variant that collects', () => {
    const rare = { ...CHEAP, requestsPerGc: 2000 };
    const { analysis } = analysed({ variants: [PLAIN, rare], rounds: 4 });
    expect(effectOf(analysis.effects, 'cpu.per_request')).toMatchObject({
      verdict: 'inconclusive',
      overruled: true,
      reason: expect.stringMatching(/cheap collected garbage \d+ times.*30/),
    });
    const never = analysed({ variants: [PLAIN, { ...CHEAP, requestsPerGc: 0 }], rounds: 4 }).analysis;
    expect(effectOf(never.effects, 'cpu.per_request').verdict).toBe('better');
  });

  it('does not compare latencies of a closed loop, nor the rates of an open one', () => {
    const slow = { ...CHEAP, latencyMicros: 4000 };
    const closed = analysed({
      variants: [PLAIN, slow],
      rounds: 4,
      model: 'closed',
      longMillis: 500,
    }).analysis;
    expect(effectOf(closed.effects, 'latency.p50')).toMatchObject({
      verdict: 'inconclusive',
      overruled: true,
    });
    expect(effectOf(closed.effects, 'latency.p50').ratio).toBeGreaterThan(3);
    const open = analysed({ variants: [PLAIN, slow], rounds: 5 }).analysis;
    expect(effectOf(open.effects, 'latency.p50').verdict).toBe('worse');
    expect(effectOf(open.effects, 'throughput')).toMatchObject({ verdict: 'inconclusive', overruled: true });
  });

  it('prints no percentile with fewer than ten samples above it', () => {
    const { analysis } = analysed({
      variants: [PLAIN, CHEAP],
      rounds: 5,
      longMillis: 2000,
      ratePerSecond: 400,
    });
    const level = (metric: MetricName) =>
      analysis.levels.find((one) => one.variant === 'plain' && one.metric === metric);
    // 4,000 samples: 40 above p99, 4 above p99.9.
    expect(level('latency.p99')?.value).toBeGreaterThan(0.5);
    expect(level('latency.p99.9')).toMatchObject({
      value: null,
      reason: 'only 4 of 4000 samples of latency lie above it; 10 are needed',
    });
  });

  it('takes machine-wide CPU and the split only from windows of 2 s', () => {
    const { analysis } = analysed({ variants: [PLAIN, CHEAP], rounds: 4, longMillis: 500 });
    for (const metric of ['cpu.machine_per_request', 'cpu.user_per_request'] as const) {
      expect(effectOf(analysis.effects, metric)).toMatchObject({
        ratio: null,
        reason: expect.stringMatching(/no window lasts 2 s/),
      });
    }
  });

  it('lets a failed, unavailable or unproven variant decide nothing', () => {
    const { analysis, variants } = analysed({
      variants: [
        PLAIN,
        { id: 'gone', status: 'unavailable', reason: 'needs a device' },
        { id: 'crashed', status: 'failed', reason: 'exit 1' },
        { id: 'pooled', claims: POOL_CLAIMS, poolShare: 0.5 },
      ],
      rounds: 4,
    });
    const verdict = (id: string) => effectOf(analysis.effects, 'cpu.per_request', id);
    expect(verdict('gone')).toMatchObject({
      verdict: 'unavailable',
      reason: expect.stringContaining('a device'),
    });
    expect(verdict('crashed').verdict).toBe('failed');
    expect(verdict('pooled')).toMatchObject({ verdict: 'not-exercised', ratio: null, difference: null });
    const level = analysis.levels.find((one) => one.variant === 'pooled' && one.metric === 'cpu.per_request');
    expect(level).toMatchObject({ value: null, reason: expect.stringMatching(/did not do what its name/) });
    expect(variants.find((one) => one.id === 'pooled')).toMatchObject({
      status: 'not-exercised',
      reason: expect.stringMatching(/buffer-pool is claimed and not proved/),
      witness: { name: 'buffer-pool', value: 0.5, exercised: false },
    });
  });

  it('adjusts gated effects and widens their intervals; descriptive ones have no p', () => {
    const variants = [PLAIN, CHEAP, { id: 'other', claims: CLAIMS }];
    const gated = analysed({ variants, rounds: 6, gate: [cpuGate] }).analysis;
    const plain = analysed({ variants, rounds: 6 }).analysis;
    const [wide, narrow] = [gated, plain].map((one) => effectOf(one.effects, 'cpu.per_request'));
    expect(wide?.gated).toBe(true);
    expect(wide?.pAdjusted).toBeLessThan(0.01);
    expect(narrow).toMatchObject({ gated: false, pAdjusted: null });
    expect(wide?.low).toBeLessThan(narrow?.low ?? 0);
    expect(effectOf(gated.effects, 'latency.p50')).toEqual(effectOf(plain.effects, 'latency.p50'));
  });

  it('shows other tracks beside, and says where they contradict the deciding one', () => {
    const { analysis } = analysed(
      { variants: [PLAIN, CHEAP], rounds: 6, crossCheckEveryRounds: 1, sliceNoise: 0.01 },
      (built) => ({
        ...built,
        // The long slices of the cheap one cost twice as much.
        slices: built.slices.map((slice) =>
          slice.track === 'long' && slice.variant === 'cheap'
            ? {
                ...slice,
                cpu: slice.cpu.map((edge) => {
                  const more = edge.endNs - edge.startNs;
                  return { ...edge, warmupStartNs: edge.warmupStartNs - more, startNs: edge.startNs - more };
                }),
              }
            : slice,
        ),
        windows: built.windows.map((window) =>
          window.track === 'long' && window.variant === 'cheap'
            ? {
                ...window,
                start: {
                  ...window.start,
                  processes: window.start.processes.map((process) => ({
                    ...process,
                    cpuNs: null,
                  })),
                },
              }
            : window,
        ),
      }),
    );
    expect(effectOf(analysis.effects, 'cpu.per_request')).toMatchObject({
      track: 'micro',
      verdict: 'better',
    });
    expect(effectOf(analysis.besideEffects, 'cpu.per_request', 'cheap', 'long')).toMatchObject({
      verdict: 'worse',
      gated: false,
    });
    expect(effectOf(analysis.besideEffects, 'cpu.per_request', 'cheap', 'cross-check').verdict).toBe(
      'better',
    );
    expect(analysis.disagreements).toEqual([
      {
        metric: 'cpu.per_request',
        candidate: 'cheap',
        baseline: 'plain',
        explanation: expect.stringMatching(/opposite directions/),
      },
    ]);
  });

  it('gives nothing but nulls and reasons from an empty record', () => {
    const { analysis, variants } = analysed({ variants: [PLAIN, CHEAP], rounds: 2 }, (built) => ({
      ...built,
      slices: [],
      windows: [],
    }));
    expect(analysis.levels.every((level) => level.value === null && level.reason !== null)).toBe(true);
    expect(
      analysis.effects.every((effect) => effect.verdict === 'inconclusive' && effect.reason !== null),
    ).toBe(true);
    expect(variants.map((variant) => variant.status)).toEqual(['measured', 'measured']);
    expect(analysis.validity.status).toBe('suspect');
  });
});
