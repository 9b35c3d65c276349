import { describe, expect, it } from 'vitest';
import type { SliceRecord, WindowRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { type BuildOptions, type BuiltRecord, buildRun } from './testing/record-builder.js';

const CLAIMS = ['proxy-in-path', 'upstream-reuse'];
const PLAIN = { id: 'plain', claims: CLAIMS };
const OTHER = { id: 'other', claims: CLAIMS };

function validityOf(
  change: Partial<BuiltRecord> | ((built: BuiltRecord) => Partial<BuiltRecord>) = {},
  options: Partial<BuildOptions> = {},
) {
  const plain = buildRun({ variants: [PLAIN, OTHER], rounds: 4, microBlocksPerRound: 4, ...options });
  const built = { ...plain, ...(typeof change === 'function' ? change(plain) : change) };
  return analyse(built.run, built.slices, built.windows).analysis;
}

function changeSlices(
  of: (slice: SliceRecord) => boolean,
  change: (slice: SliceRecord) => SliceRecord,
): (built: BuiltRecord) => Partial<BuiltRecord> {
  return (built) => ({ slices: built.slices.map((slice) => (of(slice) ? change(slice) : slice)) });
}

function changeCores(change: (core: WindowRecord['start']['cores'][number]) => object) {
  const at = (snapshot: WindowRecord['start']) => ({
    ...snapshot,
    cores: snapshot.cores.map((core) => ({ ...core, ...change(core) })),
  });
  return (built: BuiltRecord): Partial<BuiltRecord> => ({
    windows: built.windows.map((window) => ({ ...window, start: at(window.start), end: at(window.end) })),
  });
}

describe('validity', () => {
  it('is valid when nothing casts doubt', () => {
    expect(validityOf().validity).toEqual({ status: 'valid', reasons: [] });
  });

  it('is invalid by one deciding slice, says how many of how many, and lets that track decide nothing', () => {
    const analysis = validityOf(
      changeSlices(
        (slice) => slice.track === 'long' && slice.variant === 'other' && slice.round === 2,
        (slice) => ({ ...slice, validity: { status: 'invalid', reasons: ['the generator was saturated'] } }),
      ),
    );
    expect(analysis.validity.status).toBe('invalid');
    expect(analysis.validity.reasons[0]).toBe(
      '1 of 4 long slices of other are invalid: the generator was saturated',
    );
    const of = (metric: string) => analysis.effects.find((effect) => effect.metric === metric)?.verdict;
    expect(of('latency.p50')).toBe('invalid');
    expect(of('alloc.bytes_per_request')).toBe('equivalent');
  });

  it('is suspect by failed slices, which are counted', () => {
    const { validity } = validityOf(
      changeSlices(
        (slice) => slice.seq < 2 && slice.variant === 'plain',
        (slice) => ({ ...slice, status: { state: 'failed', reason: 'connection refused' } }),
      ),
    );
    expect(validity.status).toBe('suspect');
    expect(validity.reasons).toContainEqual(
      expect.stringMatching(/1 of 20 slices of plain failed: connection refused/),
    );
  });

  it('is suspect when the run was cut short', () => {
    const { validity } = validityOf((built) => ({
      run: {
        ...built.run,
        state: 'interrupted',
        stateReason: 'by Ctrl-C',
        planned: { ...built.run.planned, rounds: 9 },
      },
    }));
    expect(validity.reasons).toEqual([
      'the run was interrupted: by Ctrl-C',
      '4 of 9 planned rounds were measured',
    ]);
  });

  it('is suspect when the generator’s core is busy in an open loop, not in a closed one', () => {
    const busy = changeCores((core) =>
      core.cpu === 0 ? { userMicros: core.idleMicros * 0.8, idleMicros: core.idleMicros * 0.2 } : {},
    );
    expect(validityOf(busy).validity.reasons).toContainEqual(
      expect.stringMatching(/core 0 of the generator was/),
    );
    expect(validityOf(busy, { model: 'closed', longMillis: 300 }).validity.reasons).toEqual([]);
  });

  it('is suspect when other machines take the CPU', () => {
    const { validity } = validityOf(changeCores((core) => ({ stealMicros: core.stealMicros * 10 })));
    expect(validity.reasons).toContainEqual(expect.stringMatching(/steal/));
  });

  it('is suspect by errors, which every slice counts for', () => {
    const analysis = validityOf({}, { variants: [PLAIN, { ...OTHER, errorRate: 0.01 }] });
    expect(analysis.validity.reasons).toContainEqual(
      expect.stringMatching(/% of the requests through other failed/),
    );
    const effect = analysis.effects.find((one) => one.metric === 'errors.rate');
    expect(effect).toMatchObject({ ratio: null, verdict: 'worse' });
    expect(effect?.difference).toBeCloseTo(0.01, 3);
  });

  it('is suspect when requests left late against the effect that is judged', () => {
    const late = changeSlices(
      (slice) => slice.sendLag !== null,
      (slice) => ({ ...slice, sendLag: slice.latency }),
    );
    const variants = [PLAIN, { ...OTHER, latencyMicros: 1600 }];
    const options = { variants, roundNoise: 0, replicaNoise: 0, sliceNoise: 0.01 };
    expect(validityOf(late, options).validity.reasons).toContainEqual(
      expect.stringMatching(/requests left up to/),
    );
    expect(validityOf({}, options).validity.reasons).toEqual([]);
  });
});
