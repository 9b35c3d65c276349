import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { perfSight, readPerfStacks } from './perf.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-test-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A program in perf’s place, written for the shell. */
function perfThat(body: string): void {
  const path = join(folder, 'perf');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  vi.stubEnv('MESHMARK_PERF', path);
}

describe('what perf may see', () => {
  it('follows from who asks and what the kernel allows', () => {
    perfThat('');
    expect(perfSight('3\n', true).sees).toBe('all');
    expect(perfSight('1\n', false).sees).toBe('all');
    expect(perfSight('2\n', false).sees).toBe('user');
    expect(perfSight('3\n', false)).toMatchObject({
      sees: 'nothing',
      why: expect.stringMatching(/perf_event_paranoid is 3/),
    });
    expect(perfSight(null, true)).toMatchObject({
      sees: 'nothing',
      why: expect.stringMatching(/no perf events/),
    });
  });

  it('is nothing where there is no perf, and how to get it is told', () => {
    vi.stubEnv('MESHMARK_PERF', join(folder, 'nothing'));
    expect(perfSight('1', true)).toMatchObject({
      sees: 'nothing',
      why: expect.stringMatching(/MESHMARK_PERF names/),
    });
  });
});

describe('a look by perf', () => {
  const never = new AbortController().signal;

  it('tells perf when to begin and to end, and reads what it wrote', async () => {
    perfThat(`
if [ "$1" = script ]; then printf '   1000000 \\n\\t 1 work (/bin/x)\\n\\n'; exit 0; fi
while read word <&3; do echo "$word" >> '${folder}/told'; echo ack >&4; [ "$word" = stop ] && exit 0; done`);
    const { found, note } = await readPerfStacks(process.pid, 0.05, never);
    expect(note === null || /kernel/.test(note)).toBe(true);
    expect(found).toMatchObject({ functions: ['work'], stacks: [{ frames: [0], samples: 1 }] });
    // What the scheduler counted of this process meanwhile, of which perf’s stand-in knows nothing.
    const [stack] = found?.stacks ?? [];
    expect(stack?.value).toBeGreaterThan(0);
    if (note === null) expect(stack?.value).not.toBe(1e6);
    expect(found?.seconds).toBeGreaterThanOrEqual(0.045);
  });

  it('says in perf’s own words why there is nothing', async () => {
    perfThat('echo noise >&2; echo "No permission to look" >&2; exit 1');
    expect(await readPerfStacks(process.pid, 0.05, never)).toEqual({
      found: null,
      note: 'perf record: No permission to look',
    });
  });

  it('ends with the run, at once', async () => {
    perfThat('while read word <&3; do echo ack >&4; done');
    const aborting = new AbortController();
    setTimeout(() => aborting.abort(), 50);
    const startedAt = performance.now();
    expect(await readPerfStacks(process.pid, 30, aborting.signal)).toMatchObject({ found: null });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});
