import { describe, expect, it } from 'vitest';
import type { SliceRecord, WindowRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { createRandom } from './random.js';
import { buildRun } from './testing/record-builder.js';

const FROM = 5e9;
const LENGTH = 2e6;
/** Ten pauses of 200 µs in a slice of two seconds: a request of 1 ms meets one by chance with 0.6 %. */
const PAUSES = Array.from(
  { length: 10 },
  (_, index) => [FROM + 150_000 + index * 190_000, 200_000] as [number, number],
);

type Place = (random: ReturnType<typeof createRandom>, index: number) => number;
const anywhere: Place = (random) => FROM + 1000 + random.uniform() * (LENGTH - 1000);
const atPauses: Place = (_random, index) => (PAUSES[index % PAUSES.length]?.[0] ?? 0) + 300;
const betweenPauses: Place = (_random, index) => (PAUSES[index % PAUSES.length]?.[0] ?? 0) + 90_000;

function found(place: Place, change: (window: WindowRecord) => WindowRecord = (window) => window) {
  const built = buildRun({
    variants: [{ id: 'plain', claims: ['proxy-in-path'] }],
    rounds: 6,
    microBlocksPerRound: 2,
    roundNoise: 0,
    replicaNoise: 0,
  });
  const random = createRandom(3);
  const slices = built.slices.map((slice): SliceRecord => {
    if (slice.track !== 'long') return slice;
    const requests = Array.from({ length: 200 }, (_, index) => [place(random, index), 1e6]).flat();
    return {
      ...slice,
      requests: 20_000,
      tail: { fromMicros: FROM, toMicros: FROM + LENGTH, complete: false, requests },
    };
  });
  const windows = built.windows.map((window) =>
    change({
      ...window,
      end: {
        ...window.end,
        processes: window.end.processes.map((process) => ({
          ...process,
          runtime:
            process.runtime === null
              ? null
              : { ...process.runtime, recentPauses: { pauses: PAUSES.flat(), lost: 0 } },
        })),
      },
    }),
  );
  return analyse(built.run, slices, windows).analysis.gcTail?.[0];
}

describe('the tail against the pauses of collections', () => {
  it('meets them by chance when it has nothing to do with them, and its interval says so', () => {
    const tail = found(anywhere);
    expect(tail).toMatchObject({ variant: 'plain', slowRequests: 1200, reason: null });
    expect(tail?.chance).toBeCloseTo(0.006, 3);
    expect(tail?.low).toBeLessThan(0);
    expect(tail?.high).toBeGreaterThan(0);
    expect(tail?.high).toBeLessThan(0.03);
  });

  it('meets them all when the pauses are what made it', () => {
    const tail = found(atPauses);
    expect(tail?.share).toBe(1);
    expect(tail?.low).toBeGreaterThan(0.9);
  });

  it('meets none when it lies between them', () => {
    const tail = found(betweenPauses);
    expect(tail?.share).toBe(0);
    expect(tail?.high).toBeLessThan(0);
  });

  it('says nothing when a proxy has forgotten a pause, or does not tell', () => {
    const withRuntime =
      (pauses: { lost: number } | null) =>
      (window: WindowRecord): WindowRecord => ({
        ...window,
        end: {
          ...window.end,
          processes: window.end.processes.map((process) => {
            if (process.runtime === null) return process;
            const { recentPauses: _told, ...runtime } = process.runtime;
            return {
              ...process,
              runtime: pauses === null ? runtime : { ...runtime, recentPauses: { pauses: [], ...pauses } },
            };
          }),
        },
      });
    expect(found(anywhere, withRuntime({ lost: 1 }))?.reason).toContain('do not tell');
    expect(found(anywhere, withRuntime(null))?.reason).toContain('do not tell');
    expect(found(anywhere, withRuntime({ lost: 0 }))?.reason).toContain('did not collect');
  });

  it('is absent where slices have no tail', () => {
    const built = buildRun({ variants: [{ id: 'plain', claims: [] }], rounds: 4, microBlocksPerRound: 2 });
    expect(analyse(built.run, built.slices, built.windows).analysis.gcTail).toBeUndefined();
  });
});
