import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { closingLine, ONE_FAILED, sum, tallyGo, tallyVitest, withExitCode } from './tally.mjs';

/**
 * Captured from Go 1.26: package a has a passing test, a skipped one, one with a failing and two passing subtests,
 * and one that fails after its only subtest passed; b does not compile; c's test ends the process; d has no tests.
 */
const captured = readFileSync(new URL('./testing/go-test-events.jsonl', import.meta.url), 'utf8');

describe('tallyGo', () => {
  it('counts subtests and not the tests that hold them, and a package that fell over as one', () => {
    expect(tallyGo(captured).tally).toEqual({ passed: 4, failed: 4, skipped: 1 });
  });

  it('shows what the compiler and the failed tests said, and nothing of those that passed', () => {
    const { output, summary } = tallyGo(captured);
    expect(output).toContain('b/b_test.go:5:32: undefined: undefined');
    expect(output).toContain('two is wrong');
    expect(output).toContain('=== RUN   TestDies');
    expect(output).not.toContain('TestPasses');
    expect(summary).toBe('4 packages, 3 failed');
  });

  it('keeps messages of the go command that are no events', () => {
    const { output, tally } = tallyGo('go: cannot find main module\n');
    expect(output).toContain('cannot find main module');
    expect(withExitCode(tally, 1)).toEqual(ONE_FAILED);
  });
});

describe('tallyVitest', () => {
  const report = (/** @type {unknown[]} */ testResults) => JSON.stringify({ testResults });
  const file = (/** @type {string} */ status, /** @type {string[]} */ statuses) => ({
    status,
    assertionResults: statuses.map((each) => ({ status: each })),
  });

  it('counts passed, failed, and all that was not run as skipped', () => {
    const json = report([
      file('failed', ['passed', 'failed', 'skipped']),
      file('passed', ['passed', 'todo', 'pending']),
    ]);
    expect(tallyVitest(json)).toEqual({ passed: 2, failed: 1, skipped: 3 });
  });

  it('counts a file that could not be loaded as one failed test', () => {
    expect(tallyVitest(report([file('failed', [])]))).toEqual(ONE_FAILED);
  });
});

describe('withExitCode', () => {
  it('adds a failure to a run that ended badly though all its tests passed', () => {
    expect(withExitCode({ passed: 3, failed: 0, skipped: 0 }, 1)).toEqual({
      passed: 3,
      failed: 1,
      skipped: 0,
    });
  });

  it('does not count twice what a test was blamed for', () => {
    const tally = { passed: 3, failed: 2, skipped: 0 };
    expect(withExitCode(tally, 1)).toEqual(tally);
  });
});

it('prints the closing line over the sum of all steps', () => {
  const total = sum([{ passed: 3, failed: 0, skipped: 1 }, ONE_FAILED, { passed: 4, failed: 0, skipped: 2 }]);
  expect(closingLine(total)).toBe('Tests: 7 passed, 1 failed, 3 skipped');
});
