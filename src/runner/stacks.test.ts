import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/index.js';
import { type ProcessStacks, type RecordLine, STACK_KINDS, type StackKind } from '../record/index.js';
import { executeRun } from './run.js';
import { fakeMachine, plan } from './testing/fake-machine.js';

const FOUND: ProcessStacks = {
  seconds: 1,
  functions: ['a'],
  stacks: [{ frames: [0], value: 1, samples: 1 }],
};

async function profiled(
  answer: ProcessStacks | null,
  failAt: Parameters<typeof fakeMachine>[0] = null,
  kinds: readonly StackKind[] = STACK_KINDS,
) {
  const machine = fakeMachine(failAt);
  const { cluster } = machine.ports;
  const asked: string[] = [];
  const whole = plan(2, 2);
  const lines: RecordLine[] = [];
  const admin = (address: string) => ({ type: 'snapshot' as const, address });
  const outcome = await executeRun(
    {
      ...whole,
      schedule: {
        ...whole.schedule,
        micro: null,
        long: null,
        stacks: { looks: kinds.map((kind) => ({ kind, durationMs: 1000 })) },
      },
    },
    {
      ...machine.ports,
      cluster: {
        ...cluster,
        deploy: async (spec: Parameters<Cluster['deploy']>[0]) =>
          (await cluster.deploy(spec)).map((one) =>
            one.state === 'failed'
              ? one
              : {
                  ...one,
                  deployment: {
                    ...one.deployment,
                    processes: [
                      { role: 'outbound', pid: 1, admin: admin(`${one.deployment.variant}:1`) },
                      // A proxy that tells nothing of itself.
                      { role: 'outbound', pid: 3, admin: null },
                      { role: 'service', pid: 2, admin: admin('service:1') },
                    ],
                  },
                },
          ),
      },
      readStacks: async (address, kind, seconds) => {
        asked.push(`${address} ${kind} ${seconds}`);
        return answer;
      },
      readPerfStacks: async (pid, seconds) => {
        asked.push(`${pid} perf ${seconds}`);
        return { found: answer, note: answer === null ? 'no perf' : null };
      },
    },
    { append: (line) => lines.push(line), sync: () => undefined },
    { onProgress: () => undefined, decide: () => 'continue', signal: new AbortController().signal },
  );
  return { asked, lines, outcome, machine };
}

describe('a run of profiles', () => {
  it('looks at every kind of each variant’s data plane in slices that nothing else comes of', async () => {
    const { lines, asked, machine } = await profiled(FOUND);
    expect([...asked].slice(0, 8).sort()).toEqual(
      STACK_KINDS.flatMap((kind) => [`plain:1 ${kind} 1`, `pooled-buffer:1 ${kind} 1`]).sort(),
    );
    expect(asked).toHaveLength(16);
    // What the processes use at rest is read when they are stood up; there is no control, slice or other window.
    const others = lines.filter((line) => line.type !== 'stacks');
    expect(others.every((line) => line.type === 'window' && line.track === 'idle')).toBe(true);
    const looks = machine.orders.filter((order) => order.model === 'open');
    expect(looks).toHaveLength(16);
    // Variants of a round see the same arrivals.
    const seeds = looks.map((order) => ('seed' in order ? order.seed : null));
    expect(new Set(seeds.slice(0, 8)).size).toBe(1);
    expect(seeds[8]).not.toBe(seeds[0]);
  });

  it('counts the requests of the look by its share of the slice, and says where nobody answered', async () => {
    const stacks = (await profiled(FOUND)).lines.flatMap((line) => (line.type === 'stacks' ? [line] : []));
    expect(stacks).toHaveLength(16);
    // The slice had 100 requests in 1.7 s, the look took 1 s of it.
    expect(stacks[0]?.requests).toBeCloseTo(100 / 1.7);
    const silent = (await profiled(null)).lines.flatMap((line) => (line.type === 'stacks' ? [line] : []));
    expect(silent).toHaveLength(16);
    expect(silent.every(({ found, requests }) => found === null && requests === 0)).toBe(true);
  });

  it('goes on with the other variant when one dies', async () => {
    const { lines, outcome } = await profiled(FOUND, { variant: 'plain', seq: 4 });
    expect(outcome.failures.get('plain')).toMatch(/killed/);
    const own = lines.filter((line) => line.type === 'stacks' && line.variant === 'pooled-buffer');
    expect(own).toHaveLength(8);
  });

  it('asks perf of every process of the data plane, also of those that tell nothing of themselves', async () => {
    const { asked, lines } = await profiled(FOUND, null, ['perf-cpu']);
    expect(asked.sort()).toEqual([
      ...Array.from({ length: 4 }, () => '1 perf 1'),
      ...Array.from({ length: 4 }, () => '3 perf 1'),
    ]);
    const stacks = lines.flatMap((line) => (line.type === 'stacks' ? [line] : []));
    expect(stacks.some((line) => 'note' in line)).toBe(false);
    const silent = (await profiled(null, null, ['perf-cpu'])).lines;
    expect(silent.find((line) => line.type === 'stacks')).toMatchObject({ found: null, note: 'no perf' });
  });
});
