import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { curvesText } from './curves.js';
import { testMachine as machine, powerOutcome as ours } from './testing/power-outcome.js';
import {
  appendUsualOutcome,
  metricsOf,
  readUsualOutcomes,
  type UsualOutcome,
  usualTable,
} from './usual-outcomes.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-usual-way-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Verdict = 'worse' | 'better' | '~';
function usual(
  size: number,
  seconds: number,
  verdicts: { readonly p50: Verdict; readonly cpu: Verdict },
  name: 'fortio' | 'k6' = 'fortio',
): UsualOutcome {
  const metric = (verdict: Verdict) => ({
    baselineMeanMicros: 100,
    candidateMeanMicros: 104,
    baselineMicros: [100, 100],
    candidateMicros: [103, 105],
    p: 0.008,
    verdict,
  });
  return {
    at: '2026-01-02T03:04:05.000Z',
    meshmarkVersion: '0.1.0',
    machine,
    planted: { what: 'cpu', size },
    burnMicros: size,
    generator: { name, version: '1.65.0' },
    seconds,
    runSeconds: seconds / 10,
    wallSeconds: seconds,
    metrics: { 'latency.p50': metric(verdicts.p50), 'cpu.per_request': metric(verdicts.cpu) },
  };
}

const quiet = { p50: '~', cpu: '~' } as const;

describe('the outcomes of decisions in the usual way', () => {
  it('are kept a line each and read back', () => {
    const file = join(folder, 'usual-way.jsonl');
    expect(readUsualOutcomes(file)).toEqual([]);
    const all = [usual(5, 30, { p50: 'worse', cpu: '~' }), usual(0, 60, quiet, 'k6')];
    for (const one of all) appendUsualOutcome(one, file);
    expect(readUsualOutcomes(file)).toEqual(all);
  });

  it('hold the runs, the means and what benchstat said of each metric that the runs have', () => {
    const run = (p50: number) => ({ requests: 10, micros: { 'latency.p50': p50 } });
    const decision = {
      baseline: [run(100), run(102)],
      candidate: [run(110), run(110.0004)],
      wallSeconds: 30,
    };
    const finding = { verdict: 'worse', p: 0.008 } as const;
    expect(metricsOf({ ...decision, findings: new Map([['latency.p50', finding]]) })).toEqual({
      'latency.p50': {
        baselineMeanMicros: 101,
        candidateMeanMicros: 110,
        baselineMicros: [100, 102],
        candidateMicros: [110, 110],
        p: 0.008,
        verdict: 'worse',
      },
    });
    expect(() => metricsOf({ ...decision, findings: new Map() })).toThrow('said nothing of latency.p50');
  });

  it('add up to a row for each metric, worse and better apart', () => {
    const lines = usualTable([
      usual(5, 30, { p50: '~', cpu: 'worse' }),
      usual(5, 30, { p50: 'better', cpu: 'worse' }),
      usual(0, 30, quiet),
    ]).split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[2]).toContain('nothing (cpu): false alarms | 30 s | fortio | p50 | 1 | 0 of 1');
    expect(lines[4]).toContain('+5 % CPU per request | 30 s | fortio | p50 | 2 | 0 of 2');
    expect(lines[4]).toContain('| 1 of 2, 50 %');
    expect(lines[5]).toContain('| CPU per request | 2 | 2 of 2, 100 %');
    expect(lines[5]).toContain('| +4.0 % | 30.0 s |');
  });
});

describe('both curves', () => {
  const text = curvesText(
    [ours(5, 30, true, true), ours(5, 30, true, false), ours(5, 60, true, true)],
    [
      usual(5, 60, { p50: 'worse', cpu: '~' }),
      usual(5, 60, { p50: '~', cpu: 'worse' }),
      usual(5, 60, { p50: 'better', cpu: '~' }),
      usual(0, 60, { p50: 'better', cpu: '~' }, 'k6'),
    ],
  );
  const rowOf = (start: string) => text.split('\n').find((line) => line.startsWith(`| ${start}`));

  it('have a table for each size, a row for each way and a column for each time of either', () => {
    const [nothing = '', five = ''] = text.split('\n\n+5 % CPU');
    expect(nothing).toContain('nothing (cpu): false alarms (Test CPU, 2 cores: 1 machine)');
    expect(nothing).not.toContain('meshmark');
    expect(five).toContain('| found by | given 30 s | given 60 s |');
    expect(rowOf('meshmark, suspected')).toContain('| 2 of 2, 100 %');
    expect(rowOf('meshmark, the gate')).toContain('| 1 of 2, 50 % (9 % to 91 %); took 20 s |');
    expect(rowOf('fortio and benchstat, p50')).toBe(
      '| fortio and benchstat, p50 | – | 1 of 3, 33 % (6 % to 79 %); took 60 s |',
    );
  });

  it('count a decision once for any of its metrics, and what is called better as no find', () => {
    expect(rowOf('fortio and benchstat, any of these')).toContain('| 2 of 3, 67 %');
    expect(rowOf('k6 and benchstat, any of these')).toContain('| 0 of 1, 0 %');
  });

  it('leave out ways that have no decision', () => {
    expect(text).not.toContain('p99');
  });
});
