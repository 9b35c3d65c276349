import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { appendOutcome, powerTable, readOutcomes } from './outcomes.js';
import { powerOutcome as outcome } from './testing/power-outcome.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-power-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the outcomes of power runs', () => {
  it('are kept a line each and read back', () => {
    const file = join(folder, 'outcomes.jsonl');
    expect(readOutcomes(file)).toEqual([]);
    const all = [outcome(5, 30, true), outcome(0, 30, false)];
    for (const one of all) appendOutcome(one, file);
    expect(readOutcomes(file)).toEqual(all);
  });

  it('add up to shares with Wilson’s interval, by what was planted and how long a run was given', () => {
    const many = (times: number, of: number, size: number, seconds: number) =>
      Array.from({ length: of }, (_, index) => outcome(size, seconds, index < times, index < times - 1));
    const lines = powerTable([...many(9, 10, 5, 60), ...many(3, 10, 5, 30), ...many(0, 20, 0, 60)]).split(
      '\n',
    );
    expect(lines).toHaveLength(5);
    expect(lines[2]).toContain('nothing (cpu): false alarms | 60 s | 20 | 0 of 20, 0 % (0 % to 16 %)');
    expect(lines[3]).toContain('+5 % CPU per request | 30 s | 10 | 3 of 10, 30 % (11 % to 60 %) at 10 %');
    expect(lines[4]).toContain(
      '60 s | 10 | 9 of 10, 90 % (60 % to 98 %) at 10 % | 8 of 10, 80 % (49 % to 94 %) at 90 % | 67 % | +5.0 %',
    );
  });

  it('add up over machines of one kind, and only of one', () => {
    const on = (fingerprint: string, cpuModel: string) => {
      const one = outcome(0, 60, false);
      return { ...one, machine: { ...one.machine, fingerprint, cpuModel } };
    };
    const lines = powerTable([on('1', 'One'), on('2', 'Other'), on('3', 'One')]).split('\n');
    expect(lines[2]).toContain(
      '| One, 2 cores: 2 machines | nothing (cpu): false alarms | 60 s | 2 | 0 of 2',
    );
    expect(lines[3]).toContain(
      '| Other, 2 cores: 1 machine | nothing (cpu): false alarms | 60 s | 1 | 0 of 1',
    );
    expect(lines).toHaveLength(4);
  });
});
