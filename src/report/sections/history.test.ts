import { describe, expect, test } from 'vitest';
import { linesOf, trendsOf } from '../../history/index.js';
import { sampleRun } from '../testing/sample-run.js';
import { viewOf } from '../view.js';
import { history } from './history.js';

const input = sampleRun({ rounds: 2 });
const { analysis } = input.run;
if (analysis === null) throw new RangeError('the sample run has an analysis');
const own = linesOf(input.run, analysis, null);
/** Twenty runs, of which the last six cost a third more. */
const runs = Array.from({ length: 20 }, (_, index) =>
  own.map((line) => ({
    ...line,
    runId: `run-${index}`,
    time: new Date(Date.UTC(2026, 0, 1 + index)).toISOString(),
    value: line.value * (index < 14 ? 1 : 1.33) * (1 + (index % 3) / 200),
  })),
).flat();

describe('the history in a report', () => {
  test('draws every figure of the run’s scenario and names where it changed', () => {
    const markup = history(viewOf({ ...input, trends: trendsOf(runs) })).body?.markup ?? '';
    expect(markup.match(/<svg /g)?.length).toBe(own.length);
    expect(markup).toContain('run-13');
    expect(markup).toContain('run-14');
  });

  test('is left out of a history of another scenario or another machine, and without one', () => {
    const elsewhere = runs.map((line) => ({ ...line, machine: 'another' }));
    const other = runs.map((line) => ({ ...line, scenario: { ...line.scenario, digest: 'f00d' } }));
    for (const lines of [elsewhere, other, []]) {
      expect(history(viewOf({ ...input, trends: trendsOf(lines) })).body).toBeNull();
    }
  });
});
