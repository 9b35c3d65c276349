import { describe, expect, it } from 'vitest';
import type { SliceRecord, WindowRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { type BuildOptions, type BuiltRecord, buildRun } from './testing/record-builder.js';

const CLAIMS = ['proxy-in-path', 'upstream-reuse'];
const VARIANTS = [
  { id: 'plain', claims: CLAIMS },
  { id: 'other', claims: CLAIMS, cpuMicros: 50 },
];

function analysed(
  change: {
    window?: (window: WindowRecord, index: number) => WindowRecord;
    slice?: (slice: SliceRecord) => SliceRecord;
  },
  options: Partial<BuildOptions> = {},
) {
  const built: BuiltRecord = buildRun({
    variants: VARIANTS,
    rounds: 6,
    microBlocksPerRound: 4,
    roundNoise: 0,
    replicaNoise: 0,
    ...options,
  });
  return analyse(
    built.run,
    built.slices.map((slice) => change.slice?.(slice) ?? slice),
    built.windows.map((window, index) => change.window?.(window, index) ?? window),
  ).analysis;
}

type Snapshot = WindowRecord['start'];
type Process = Snapshot['processes'][number];

/** Both edges of the windows of `other`, with each process as `of` has it. */
function processes(of: (process: Process, edge: 'start' | 'end', window: WindowRecord) => Process) {
  return (window: WindowRecord): WindowRecord => {
    if (window.variant !== 'other') return window;
    const at = (edge: 'start' | 'end') => ({
      ...window[edge],
      processes: window[edge].processes.map((process) => of(process, edge, window)),
    });
    return { ...window, start: at('start'), end: at('end') };
  };
}

function stateOf(analysis: ReturnType<typeof analysed>, check: string) {
  return analysis.audit?.find((one) => one.check === check);
}

function cpuOf(analysis: ReturnType<typeof analysed>) {
  return analysis.effects.find(
    ({ metric, candidate }) => metric === 'cpu.per_request' && candidate === 'other',
  );
}

describe('the self-audit', () => {
  it('passes an honest record, and says what each check means', () => {
    const { audit, validity } = analysed({});
    expect(validity.status).toBe('valid');
    expect(audit?.every(({ state, details }) => state === 'pass' && details.length === 1)).toBe(true);
    expect(cpuOf(analysed({}))?.verdict).toBe('better');
  });

  it('finds a CPU clock that stands still while its process serves', () => {
    const analysis = analysed({
      window: processes((process) => (process.role === 'outbound' ? { ...process, cpuNs: 0 } : process)),
    });
    expect(stateOf(analysis, 'CPU clocks')).toEqual({
      check: 'CPU clocks',
      state: 'doubt',
      details: [expect.stringMatching(/CPU clock of outbound stood still while it served \d+ requests/)],
    });
    expect(cpuOf(analysis)).toMatchObject({ verdict: 'inconclusive', ratio: null });
  });

  it('finds CPU clocks that were read at another moment than the slice’s edges', () => {
    const analysis = analysed({
      slice: (slice) =>
        slice.variant === 'other' && slice.track === 'long'
          ? {
              ...slice,
              cpu: slice.cpu.map((edge) => {
                const late = 2 * (edge.endNs - edge.startNs);
                return { ...edge, startNs: edge.startNs + late, endNs: edge.endNs + late };
              }),
            }
          : slice,
    });
    expect(stateOf(analysis, 'CPU clocks')?.details[0]).toMatch(/readings are out of order/);
    expect(cpuOf(analysis)?.verdict).toBe('inconclusive');
  });

  it('finds a window that does not hold its slice', () => {
    const analysis = analysed({
      window: (window) =>
        window.variant === 'other' && window.track === 'long'
          ? { ...window, end: { ...window.end, atMicros: window.start.atMicros + 1000 } }
          : window,
    });
    expect(stateOf(analysis, 'CPU clocks')?.details[0]).toMatch(/window around slice \d+ does not hold it/);
  });

  it.each([
    ['builtWithRace', 'with the race detector'],
    ['builtUnoptimised', 'without optimisation'],
  ])('fails a binary that says %s', (mark, words) => {
    const analysis = analysed({
      window: processes((process) => ({
        ...process,
        witness: process.witness === null ? null : { ...process.witness, [mark]: 1 },
      })),
    });
    expect(analysis.validity.status).toBe('invalid');
    expect(stateOf(analysis, 'builds')?.details[0]).toContain(words);
  });

  describe('of a generator that has an event loop', () => {
    const looped = (utilisation: number, delayP99Ns: number, track = 'long') =>
      stateOf(
        analysed({
          slice: (slice) =>
            slice.variant === 'other' && slice.track === track
              ? {
                  ...slice,
                  driver: 'autocannon',
                  generator: {
                    ...slice.generator,
                    eventLoops: [
                      { utilisation: 0.2, delayP99Ns: 0, gcNs: 0, cpuNs: 1 },
                      { utilisation, delayP99Ns, gcNs: 0, cpuNs: 1 },
                    ],
                  },
                }
              : slice,
        }),
        'generator’s event loop',
      );

    it('passes one with time to spare', () => {
      expect(looped(0.7, 50_000)?.state).toBe('pass');
    });

    it('doubts one that was full in any process, and names the mend', () => {
      expect(looped(0.97, 50_000)).toEqual({
        check: 'generator’s event loop',
        state: 'doubt',
        details: [expect.stringMatching(/97 % busy with other, above 90 %.*`load.processes`/)],
      });
    });

    it('doubts one that was late by much of the latency it measured', () => {
      expect(looped(0.7, 5e6)?.details[0]).toMatch(/5 ms late \(p99\) with other, more than a fifth/);
    });

    it('leaves out slices that do not judge latency', () => {
      expect(looped(0.99, 5e6, 'micro')?.state).toBe('pass');
    });
  });

  it('fails a run whose service did not see what was sent', () => {
    const serving = (share: number) =>
      analysed({
        window: (window) => {
          const [proxy] = window.start.processes;
          if (proxy === undefined) return window;
          const service = (requests: number) => ({
            ...proxy,
            role: 'service',
            pid: 1,
            witness: { requests },
          });
          const at = (edge: 'start' | 'end', requests: number) => ({
            ...window[edge],
            processes: [...window[edge].processes, service(requests)],
          });
          return { ...window, start: at('start', 7), end: at('end', 7 + share * window.requests) };
        },
      });
    expect(stateOf(serving(1), 'requests reached the service')?.state).toBe('pass');
    const analysis = serving(0.5);
    expect(analysis.validity.status).toBe('invalid');
    expect(stateOf(analysis, 'requests reached the service')?.state).toBe('fail');
  });

  it('doubts a run that found no local port', () => {
    const analysis = analysed({
      slice: (slice) => ({ ...slice, generator: { ...slice.generator, portsExhausted: 1 } }),
    });
    expect(stateOf(analysis, 'local ports')?.details[0]).toMatch(/found no free local port/);
  });

  it('notices that the machine’s clock was set, and not that it was slewed', () => {
    const wall = (moved: (elapsedMicros: number) => number) => {
      let first: number | null = null;
      return (window: WindowRecord): WindowRecord => {
        first ??= window.start.atMicros;
        const at = (snapshot: Snapshot) => ({
          ...snapshot,
          wallMicros: snapshot.atMicros + moved(snapshot.atMicros - (first ?? 0)),
        });
        return { ...window, start: at(window.start), end: at(window.end) };
      };
    };
    const slewed = analysed({ window: wall((elapsed) => elapsed * 400e-6) });
    expect(stateOf(slewed, 'time of day')?.state).toBe('pass');
    const stepped = analysed({ window: wall((elapsed) => (elapsed > 2e6 ? -30e6 : 0)) });
    expect(stateOf(stepped, 'time of day')).toMatchObject({
      state: 'doubt',
      details: [expect.stringMatching(/set back by 30 s/)],
    });
    expect(stepped.validity.status).toBe('suspect');
  });

  it('lets nothing but the error rate be judged of two variants that failed apart', () => {
    const analysis = analysed(
      {},
      { variants: [VARIANTS[0] ?? { id: 'plain' }, { id: 'other', claims: CLAIMS, errorRate: 0.05 }] },
    );
    const verdicts = analysis.effects.filter(
      ({ candidate, metric }) => candidate === 'other' && metric !== 'errors.rate',
    );
    expect(verdicts.filter(({ verdict }) => verdict !== 'inconclusive')).toEqual([]);
    expect(cpuOf(analysis)?.reason).toMatch(/failing is other work than serving/);
    expect(analysis.effects.find(({ metric }) => metric === 'errors.rate')?.verdict).toBe('worse');
  });
});
