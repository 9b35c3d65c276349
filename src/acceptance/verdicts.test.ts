/** The short form of the proofs: few runs, so that a broken decision procedure shows within minutes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from './command-line.js';
import { effectOf, runOnce } from './proofs/repeated-runs.js';

describe('verdicts', () => {
  it('do not call plain different from itself in two runs', async () => {
    const scenario = readFileSync(join(checkout, 'scenarios', 'a-a.yaml'), 'utf8');
    const verdicts: string[] = [];
    for (const seed of [71, 72]) {
      const { run, wallSeconds } = await runOnce(scenario, seed);
      expect(wallSeconds).toBeLessThan(32);
      verdicts.push(effectOf(run, 'cpu.per_request', 'plain-again').verdict);
    }
    // One false alarm in two runs has a chance of 2 % at most, two of 0.01 %.
    expect(verdicts.filter((verdict) => verdict === 'better' || verdict === 'worse').length).toBeLessThan(2);
  });

  it('find 25 % more CPU per request worse and fail the gate', async () => {
    const scenario = readFileSync(join(checkout, 'scenarios', 'planted.yaml'), 'utf8');
    const control = await runOnce(scenario.replace(/testBurnMicros: [\d.]+/, 'testBurnMicros: 0'), 81);
    expect(control.exitCode).not.toBe(1);
    const plain = control.run.analysis?.levels.find(
      (level) => level.variant === 'plain' && level.metric === 'cpu.per_request',
    );
    const burn = ((plain?.value ?? 0) * 0.25).toFixed(1);
    const regressed = await runOnce(
      scenario.replace(/testBurnMicros: [\d.]+/, `testBurnMicros: ${burn}`),
      82,
    );
    expect(effectOf(regressed.run, 'cpu.per_request', 'burning').verdict).toBe('worse');
    expect(regressed.exitCode).toBe(1);
  });
});
