import { describe, expect, it } from 'vitest';
import type { RecordLine, SliceRecord, WindowRecord } from '../record/index.js';
import { executeRun, replicaOf } from './run.js';
import type { ProgressEvent, RunnerHooks } from './session.js';
import { fakeMachine, plan, VARIANTS } from './testing/fake-machine.js';

async function run(
  rounds: number,
  replicas: number,
  machine = fakeMachine(),
  hooks: Partial<RunnerHooks> = {},
) {
  const lines: RecordLine[] = [];
  const events: ProgressEvent[] = [];
  let syncs = 0;
  const outcome = await executeRun(
    plan(rounds, replicas),
    machine.ports,
    {
      append: (line) => lines.push(line),
      sync: () => {
        syncs += 1;
      },
    },
    {
      onProgress: (event) => events.push(event),
      decide: () => 'continue',
      signal: new AbortController().signal,
      ...hooks,
    },
  );
  const slices = lines.filter((line): line is SliceRecord => line.type === 'slice');
  const windows = lines.filter((line): line is WindowRecord => line.type === 'window');
  return { outcome, lines, slices, windows, events, syncs };
}

describe('executeRun', () => {
  it('measures every variant in every block, micro blocks for the round’s time and then a long one', async () => {
    const { slices } = await run(4, 4);
    for (let round = 0; round < 4; round += 1) {
      const own = slices.filter((slice) => slice.round === round);
      expect(own.filter((slice) => slice.track === 'micro').length).toBeGreaterThanOrEqual(10);
      expect(
        own
          .filter((slice) => slice.track === 'long')
          .map((slice) => slice.variant)
          .sort(),
      ).toEqual(VARIANTS);
    }
    const blocks = new Map<number, string[]>();
    for (const slice of slices) blocks.set(slice.block, [...(blocks.get(slice.block) ?? []), slice.variant]);
    for (const variants of blocks.values()) expect(variants.sort()).toEqual(VARIANTS);
  });

  it('gives each replica fresh processes and tears the old ones down', async () => {
    const machine = fakeMachine();
    const { slices } = await run(6, 3, machine);
    expect(machine.deployed.filter((ids) => ids.length > 1)).toHaveLength(3);
    expect(machine.standing()).toBe(2);
    const replicas = new Map<number, Set<number>>();
    for (const slice of slices)
      replicas.set(slice.replica, (replicas.get(slice.replica) ?? new Set()).add(slice.round));
    expect([...replicas.values()].map((rounds) => [...rounds])).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  it('surrounds each long slice and each round’s micro slices with a window that counts all requests', async () => {
    const { slices, windows } = await run(4, 4);
    for (const slice of slices.filter((one) => one.track === 'long')) {
      const own = windows.filter((window) => window.sliceSeq === slice.seq);
      expect(own).toHaveLength(1);
      expect(own[0]?.requests).toBe(slice.requests + slice.warmupRequests);
    }
    const micro = slices.filter(
      (slice) => slice.track === 'micro' && slice.round === 2 && slice.variant === 'plain',
    );
    const window = windows.find((one) => one.track === 'micro' && one.round === 2 && one.variant === 'plain');
    expect(window?.requests).toBe(micro.length * 110);
  });

  it('does not take a slice for measured in which a process died, though what was left went on to answer', async () => {
    const dead = { variant: 'pooled-buffer', seq: 30, quietly: true };
    const { outcome, slices } = await run(4, 4, fakeMachine(dead));
    expect(outcome.failures.get('pooled-buffer')).toMatch(/SIGKILL/);
    const after = slices.filter(({ variant, seq }) => variant === 'pooled-buffer' && seq >= 30);
    expect(after.map(({ status }) => status)).toEqual([
      { state: 'failed', reason: 'outbound ended: killed by SIGKILL' },
    ]);
  });

  it('takes a variant out when it stops answering, says how it died, and measures the others on', async () => {
    const { outcome, slices, events } = await run(4, 4, fakeMachine({ variant: 'pooled-buffer', seq: 30 }));
    expect(outcome.state).toBe('finished');
    expect(outcome.failures.get('pooled-buffer')).toMatch(/SIGKILL/);
    expect(events.filter((event) => event.type === 'variant-failed')).toHaveLength(1);
    const rounds = (variant: string) =>
      new Set(slices.filter((slice) => slice.variant === variant).map((slice) => slice.round));
    expect(rounds('plain').size).toBe(4);
    expect(rounds('pooled-buffer').size).toBeLessThan(4);
  });

  it('compares what configurations say that no answer shows, among the variants that have it', async () => {
    const { outcome } = await run(4, 4);
    const found = (property: string) => outcome.parity.find((one) => one.property === property);
    expect(found('workers')).toMatchObject({ equal: false, byVariant: { plain: '1', 'pooled-buffer': '2' } });
    expect(found('upstream timeout')).toMatchObject({ equal: true });
  });

  it('makes the record durable after every round', async () => {
    const { syncs } = await run(4, 4);
    expect(syncs).toBeGreaterThanOrEqual(4);
  });

  it('stops when it is told that enough is known', async () => {
    const { outcome } = await run(8, 8, fakeMachine(), {
      decide: ({ roundsDone }) => (roundsDone === 3 ? 'stop' : 'continue'),
    });
    expect(outcome).toMatchObject({ state: 'finished', roundsDone: 3 });
  });

  it('tells after each round how many sets of fresh processes have served all their rounds, and who is left', async () => {
    const told: (readonly [number, number, number])[] = [];
    const { outcome } = await run(6, 3, fakeMachine({ variant: 'pooled-buffer', seq: 60 }), {
      decide: ({ roundsDone, replicasDone, failures }) => {
        told.push([roundsDone, replicasDone, failures.size]);
        return 'continue';
      },
    });
    expect(told.map(([rounds, replicas]) => [rounds, replicas])).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 2],
      [5, 2],
      [6, 3],
    ]);
    expect(told[0]?.[2]).toBe(0);
    expect(told.at(-1)?.[2]).toBe(1);
    expect(outcome.replicasDone).toBe(3);
  });

  it('keeps what was measured before an interruption and nothing of the slice it cut short', async () => {
    const controller = new AbortController();
    let seen = 0;
    const { outcome, slices } = await run(8, 8, fakeMachine(), {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type !== 'slice') return;
        seen += 1;
        if (seen === 20) controller.abort();
      },
    });
    expect(outcome.state).toBe('interrupted');
    expect(slices).toHaveLength(20);
  });
});

describe('replicaOf', () => {
  it('spreads rounds evenly, neighbours together', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((round) => replicaOf(round, 7, 3))).toEqual([0, 0, 0, 1, 1, 2, 2]);
  });
});
