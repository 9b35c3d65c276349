import { describe, expect, it } from 'vitest';
import type { MetricName, WindowRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { buildRun } from './testing/record-builder.js';

/** What a process tells whose runtime counts neither objects nor goroutines, as V8. */
function withoutCounts(snapshot: WindowRecord['start']): WindowRecord['start'] {
  return {
    ...snapshot,
    processes: snapshot.processes.map((process) =>
      process.runtime === null
        ? process
        : { ...process, runtime: { ...process.runtime, allocObjects: null, goroutines: null } },
    ),
  };
}

describe('metrics of a runtime that does not tell everything', () => {
  const built = buildRun({ variants: [{ id: 'x' }], rounds: 4, microBlocksPerRound: 2 });
  const windows = built.windows.map((window) => ({
    ...window,
    start: withoutCounts(window.start),
    end: withoutCounts(window.end),
  }));
  const { analysis } = analyse(built.run, built.slices, windows);
  const levelOf = (metric: MetricName) =>
    analysis.levels.find((level) => level.variant === 'x' && level.metric === metric);

  it('are absent with the reason, never 0', () => {
    expect(levelOf('alloc.objects_per_request')).toMatchObject({
      reason: 'its runtime does not count allocated objects',
    });
    expect(levelOf('goroutines.max')).toMatchObject({ reason: 'its runtime has no goroutines' });
  });

  it('leave its other metrics as they are', () => {
    const full = analyse(built.run, built.slices, built.windows).analysis.levels;
    const bytes = full.find((level) => level.variant === 'x' && level.metric === 'alloc.bytes_per_request');
    expect(bytes?.value).toBeGreaterThan(0);
    expect(levelOf('alloc.bytes_per_request')).toEqual(bytes);
  });
});
