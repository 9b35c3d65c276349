import { describe, expect, it } from 'vitest';
import { withSteps } from '../plan/index.js';
import type { PlannedSteps, RecordLine, StepRecord, WindowRecord } from '../record/index.js';
import { executeRun } from './run.js';
import type { RunnerHooks } from './session.js';
import { fakeMachine, plan, VARIANTS } from './testing/fake-machine.js';

const SWEEP: PlannedSteps = { type: 'sweep', ratesPerSecond: [100, 200] };
const SEARCH: PlannedSteps = {
  type: 'search',
  objective: { latency: [{ quantile: 0.99, limitMs: 5 }], mostErrors: 0.01 },
  startRatePerSecond: 100,
  precision: 0.04,
};

async function stepped(
  steps: PlannedSteps,
  rounds: number,
  hooks: Partial<RunnerHooks> = {},
  machine = fakeMachine(),
) {
  const planned = withSteps(plan(4, 4), { steps, rounds, durationMs: 1000, warmupMs: 100, budgetMs: 60_000 });
  if (!planned.ok) throw new Error(planned.faults.join('; '));
  const lines: RecordLine[] = [];
  const outcome = await executeRun(
    planned.plan,
    machine.ports,
    { append: (line) => lines.push(line), sync: () => undefined },
    {
      onProgress: () => undefined,
      decide: () => 'continue',
      signal: new AbortController().signal,
      ...hooks,
    },
  );
  return {
    outcome,
    machine,
    steps: lines.filter((line): line is StepRecord => line.type === 'step'),
    windows: lines.filter((line): line is WindowRecord => line.type === 'window' && line.track === 'long'),
  };
}

describe('a sweep', () => {
  it('measures every rate of every variant in each round, on fresh processes', async () => {
    const { steps, outcome, machine } = await stepped(SWEEP, 3);
    expect(outcome).toMatchObject({ state: 'finished', roundsDone: 3 });
    for (const round of [0, 1, 2]) {
      const own = steps.filter((step) => step.round === round);
      expect(
        own.map(({ variant, offeredRatePerSecond }) => `${variant} ${offeredRatePerSecond}`).sort(),
      ).toEqual(VARIANTS.flatMap((variant) => [`${variant} 100`, `${variant} 200`]).sort());
      expect(new Set(own.map(({ replica }) => replica))).toEqual(new Set([round]));
    }
    expect(machine.deployed.filter((ids) => ids.length > 1)).toHaveLength(3);
  });

  it('surrounds each step with a window that counts its requests, and tells the memory at its end', async () => {
    const { steps, windows } = await stepped(SWEEP, 1);
    expect(windows).toHaveLength(steps.length);
    const sent = steps.map(({ requests, warmupRequests }) => requests + warmupRequests);
    expect(windows.map(({ requests }) => requests)).toEqual(sent);
    expect(steps.map(({ residentBytes }) => residentBytes)).toEqual(steps.map(() => 1));
  });
});

describe('a search', () => {
  it('asks for the next rate of each variant, and ends when none is left to try', async () => {
    const left = new Map(VARIANTS.map((variant, index) => [variant, [[100, 200, 400], [300]][index] ?? []]));
    const { steps, outcome } = await stepped(SEARCH, 20, {
      nextRate: (variant) => left.get(variant)?.shift() ?? null,
    });
    const ratesOf = (variant: string | undefined) =>
      steps.filter((step) => step.variant === variant).map((step) => step.offeredRatePerSecond);
    expect(ratesOf(VARIANTS[0])).toEqual([100, 200, 400]);
    expect(ratesOf(VARIANTS[1])).toEqual([300]);
    expect(outcome).toMatchObject({ state: 'finished', roundsDone: 3 });
  });

  it('goes on with the others when a variant dies, and says why it ended', async () => {
    const dying = fakeMachine({ variant: VARIANTS[0] ?? '', seq: 5 });
    const { steps, outcome } = await stepped(SEARCH, 4, { nextRate: () => 100 }, dying);
    expect(outcome.failures.get(VARIANTS[0] ?? '')).toContain('killed by SIGKILL');
    expect(steps.filter(({ variant }) => variant === VARIANTS[1]).length).toBe(4);
  });
});
