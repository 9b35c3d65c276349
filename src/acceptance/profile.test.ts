/** Profiles of real sidecars under real load, through the command line. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../host/index.js';
import { perfSight } from '../probes/index.js';
import { readRun } from '../record/index.js';
import { meshmark, scenarioFile, scratchFolder, startMeshmark } from './command-line.js';

const SCENARIO = `schema: meshmark.scenario/1
name: profiles
workload: {protocol: http1, responseBytes: 16KiB, connections: 8}
load: {driver: loadgen, model: open, rate: 400/s, arrivals: poisson}
slices: {duration: 1s, blocks: 4, seed: 5}
variants:
  - {id: direct}
  - {id: plain}
  - {id: pooled-buffer}
  - {id: node-plain}
  - {id: haproxy}
baseline: plain
`;

interface Told {
  readonly page: string;
  readonly before: string | null;
  readonly after: string;
  readonly whole: boolean;
  readonly kinds: readonly {
    readonly kind: string;
    readonly topGroup: string | null;
    readonly sentences: readonly string[];
    readonly total: {
      readonly before: number;
      readonly after: number;
      readonly beyondChance: boolean;
    } | null;
    readonly groups: readonly { readonly group: string; readonly after: number }[];
    readonly functions: readonly { readonly function: string; readonly after: number }[];
  }[];
}

function profile(variants: readonly string[], ...more: readonly string[]) {
  return [
    ...['profile', scenarioFile(SCENARIO), ...variants.flatMap((id) => ['--variant', id])],
    ...['--rounds', '1', '--slice', '1s', ...more],
  ];
}

describe('meshmark profile', () => {
  it('names the allocation of buffers as what moved from fresh to pooled ones, and measures nothing', async () => {
    const out = join(scratchFolder(), 'profile');
    const ended = await meshmark(profile(['plain', 'pooled-buffer'], '--json', '--out', out));
    expect(ended.exitCode, ended.stderr).toBe(0);
    const told = JSON.parse(ended.stdout) as Told;
    expect(told).toMatchObject({ before: 'plain', after: 'pooled-buffer', whole: true });
    expect(told.kinds.map(({ kind }) => kind)).toEqual(['cpu', 'allocations', 'mutex', 'goroutines']);

    const allocations = told.kinds.find(({ kind }) => kind === 'allocations');
    expect(allocations?.topGroup).toBe('buffer allocation');
    expect(allocations?.sentences.join(' ')).toContain('What moved most is buffer allocation: ');
    expect(allocations?.functions[0]?.function).toBe('net/http/httputil.(*ReverseProxy).copyBuffer');
    // Two sidecars with a buffer of 32 KiB each, and no other difference.
    const { before = 0, after = 0 } = allocations?.total ?? {};
    expect(before - after).toBeGreaterThan(55_000);
    expect(before - after).toBeLessThan(75_000);
    expect(told.kinds.find(({ kind }) => kind === 'cpu')?.total?.after).toBeGreaterThan(10);

    const page = readFileSync(told.page, 'utf8');
    expect(page).toContain('What moved most is buffer allocation');
    expect(page).toContain('data-flame="allocations"');
    const { run, slices, steps, profiles, controls, windows, stacks } = readRun(out);
    expect([slices, steps, profiles, controls]).toEqual([[], [], [], []]);
    expect(windows.every(({ track }) => track === 'idle')).toBe(true);
    expect(run.variants.map(({ id }) => id)).toEqual(['plain', 'pooled-buffer']);
    expect(stacks).toHaveLength(2 * 2 * 4);

    // The page follows from the folder alone, and there is nothing to judge in it.
    rmSync(told.page);
    const again = await meshmark(['report', out]);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(readFileSync(told.page, 'utf8')).toBe(page);
    const judged = await meshmark(['gate', out]);
    expect(judged.exitCode).toBe(2);
    expect(judged.stderr).toMatch(/holds profiles, of which nothing was measured/);
  });

  it('says in words where one variant spends it', async () => {
    const out = join(scratchFolder(), 'profile');
    const ended = await meshmark(profile(['plain'], '--out', out));
    expect(ended.exitCode, ended.stderr).toBe(0);
    const said = ended.stdout.replaceAll('\u00a0', ' ');
    expect(said).toMatch(/^cpu: Per request, plain uses [\d,.]+ µs of CPU\. Most of it is /m);
    expect(said).toMatch(
      /^allocations: Per request, plain allocates \d[\d.]* KiB\. Most of it is buffer allocation/m,
    );
    expect(said).toContain(`Profile: ${join(out, 'profile.html')}`);
  });

  it.each([
    ['direct', /`direct` cannot be profiled: it has no proxy/],
    ['pooled', /no variant `pooled`/],
  ])('refuses %s with one message and exit 2, before anything is started', async (id, message) => {
    const out = join(scratchFolder(), 'profile');
    const ended = await meshmark(profile([id], '--out', out));
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  it('keeps what was taken when it is interrupted, and says what is missing', async () => {
    const out = join(scratchFolder(), 'profile');
    const running = startMeshmark([...profile(['plain'], '--out', out), '--rounds', '20']);
    await running.saw(/round 2 of 20/);
    running.kill('SIGINT');
    const ended = await running.ended;
    expect(ended.exitCode, ended.stderr).toBe(130);
    expect(readFileSync(join(out, 'profile.html'), 'utf8')).toContain('did not come to its end');
    expect(readRun(out).stacks).toHaveLength(8);
  });
});

const canPerf = perfSight().sees === 'all';

describe.skipIf(!canPerf)('meshmark profile by perf', () => {
  it.skipIf(findProgram('haproxy') === null)(
    'looks at a proxy of others and at what is compared with it, the kernel’s part with it',
    async () => {
      const out = join(scratchFolder(), 'profile');
      const ended = await meshmark(profile(['plain', 'haproxy'], '--json', '--out', out));
      expect(ended.exitCode, ended.stderr).toBe(0);
      const told = JSON.parse(ended.stdout) as Told;
      expect(told).toMatchObject({ before: 'plain', after: 'haproxy', whole: true });
      expect(told.kinds.map(({ kind }) => kind)).toEqual(['perf-cpu']);
      const [cpu] = told.kinds;
      expect(cpu?.total?.beyondChance, ended.stdout).toBe(true);
      expect(cpu?.total?.before ?? 0).toBeGreaterThan(cpu?.total?.after ?? 0);
      const network = cpu?.groups.find(({ group }) => group === 'network in the kernel');
      expect(network?.after).toBeGreaterThan(1);
      const { stacks, slices } = readRun(out);
      expect(slices).toEqual([]);
      const named = (variant: string) =>
        stacks.flatMap((look) => (look.variant === variant ? (look.found?.functions ?? []) : []));
      expect(named('plain')).toEqual(expect.arrayContaining([expect.stringMatching(/^net\/http\./)]));
      for (const variant of ['plain', 'haproxy'])
        expect(named(variant)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^tcp_\w+ \[kernel\]$/)]),
        );
      expect(readFileSync(told.page, 'utf8')).toContain('data-flame="perf-cpu"');
    },
  );

  it('sees at least what Go’s own samples see, by as much as the scheduler counts', async () => {
    const ended = await meshmark(profile(['plain'], '--perf', '--json'));
    expect(ended.exitCode, ended.stderr).toBe(0);
    const { kinds } = JSON.parse(ended.stdout) as Told;
    const totalOf = (kind: string) => kinds.find((one) => one.kind === kind)?.total?.after ?? 0;
    // Go's samples come by a timer of each thread, and miss much of waking up and going to sleep: 231 of 389 µs here.
    expect(totalOf('perf-cpu') / totalOf('cpu')).toBeGreaterThan(0.8);
    expect(totalOf('perf-cpu') / totalOf('cpu')).toBeLessThan(4);
  });
});

describe('meshmark profile without perf', () => {
  it('says how to get it, before anything is started', async () => {
    const out = join(scratchFolder(), 'profile');
    const ended = await meshmark(profile(['haproxy'], '--out', out), {
      env: { MESHMARK_PERF: '/nonexistent/perf' },
    });
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(/taken by perf: there is no perf here: MESHMARK_PERF names/);
    expect(existsSync(out)).toBe(false);
  });
});
