/** The harness is lied to in twelve ways, by real processes and by its own engine, and finds each lie out. */
import { describe, expect, it } from 'vitest';
import { meshmark } from './command-line.js';

interface SelfTest {
  readonly lies: number;
  readonly caught: number;
  readonly findings: readonly { readonly lie: string; readonly state: string; readonly detail: string }[];
}

describe('meshmark doctor --self-test', () => {
  it('catches twelve of twelve lies, says what caught each, and exits with 0', async () => {
    const { stdout, exitCode } = await meshmark(['doctor', '--self-test', '--json']);
    const { lies, caught, findings } = JSON.parse(stdout) as SelfTest;
    expect(findings.filter(({ state }) => state !== 'caught')).toEqual([]);
    expect([lies, caught, findings.length]).toEqual([12, 12, 12]);
    expect(exitCode).toBe(0);
  });
});
