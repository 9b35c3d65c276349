import { describe, expect, it } from 'vitest';
import { parseScenario } from '../scenario/index.js';
import type { Plan } from './plan.js';
import { planScenario } from './plan-scenario.js';
import { planSteps, type StepOptions, withSteps } from './steps.js';

const TEXT = `schema: meshmark.scenario/1
name: steps
load: {model: open, rate: 800/s, arrivals: constant}
slices: {duration: 2s, blocks: 4, micro: {requests: 100, warmup: 20, perRound: 2s}}
variants: [{id: plain}, {id: pooled-buffer}]
baseline: plain
gate: [{metric: cpu.per_request, maxIncrease: 5%}]
`;
const SWEEP: StepOptions = {
  steps: { type: 'sweep', ratesPerSecond: [500, 1000, 2000] },
  durationMs: 2000,
  warmupMs: 300,
  rounds: 4,
  budgetMs: null,
};

function planOf(text: string): Plan {
  const parsed = parseScenario(text, 'f.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const planned = planScenario(parsed.scenario, { path: 'f.yaml', text });
  if (!planned.ok) throw new Error(planned.faults.join('; '));
  return planned.plan;
}

function stepped(options: StepOptions = SWEEP, text = TEXT): Plan {
  const result = withSteps(planOf(text), options);
  if (!result.ok) throw new Error(result.faults.join('; '));
  return result.plan;
}

describe('a plan of steps', () => {
  it('measures nothing but steps, and judges no effect', () => {
    const { schedule, analysis } = stepped();
    expect(schedule).toMatchObject({
      micro: null,
      long: null,
      crossCheck: null,
      steps: { durationMs: 2000 },
    });
    expect(analysis).toMatchObject({ pairs: [], gate: [], hasMicro: false, hasLong: false });
  });

  it('has a fresh set of processes for each block of a sweep, and for every four steps of a search', () => {
    expect(stepped().schedule.replicas).toBe(4);
    const objective = { latency: [{ quantile: 0.99, limitMs: 5 }], mostErrors: 0.01 };
    const steps = { type: 'search', objective, startRatePerSecond: 100, precision: 0.04 } as const;
    expect(stepped({ ...SWEEP, steps, rounds: 60, budgetMs: 90_000 }).schedule.replicas).toBe(15);
  });

  it('is sent by as many agents as the scenario’s load, open or closed', () => {
    const many = TEXT.replace('name: steps', 'name: steps\ncluster: {provider: kubernetes}');
    for (const load of ['model: open, rate: 800/s, agents: 4', 'model: closed, agents: 4']) {
      const text = many.replace('model: open, rate: 800/s, arrivals: constant', load);
      expect(stepped(SWEEP, text).load).toMatchObject({ driver: 'loadgen', model: 'open', agents: 4 });
    }
    expect(stepped().load).not.toHaveProperty('agents');
  });

  it('has a budget that ends, since certificates are made for it', () => {
    const plan = stepped();
    expect(plan.schedule.budgetMs).toBeCloseTo(2000 * plan.estimatedSeconds, 6);
  });

  it('keeps the scenario’s arrivals, and takes Poisson ones where it had no schedule', () => {
    expect(stepped().load).toMatchObject({ arrivals: 'constant' });
    const closed = TEXT.replace('{model: open, rate: 800/s, arrivals: constant}', '{model: closed}');
    expect(stepped(SWEEP, closed).load).toMatchObject({ model: 'open', arrivals: 'poisson' });
  });

  it('is refused where another driver makes the load', () => {
    const text = TEXT.replace(
      '{model: open, rate: 800/s, arrivals: constant}',
      '{driver: autocannon, model: closed}',
    );
    expect(withSteps(planOf(text), SWEEP)).toMatchObject({
      ok: false,
      faults: [expect.stringContaining('write `driver: loadgen`')],
    });
  });
});

describe('a round of steps', () => {
  const plan = stepped();
  const all = new Map([
    ['plain', [500, 1000]],
    ['pooled-buffer', [500, 1000]],
  ]);
  const named = (round: number) =>
    planSteps(plan, round, all).map(({ variant, ratePerSecond }) => `${variant} ${ratePerSecond}`);

  it('has every rate for every variant once, with the same arrivals for all', () => {
    expect(named(0).sort()).toEqual(['plain 1000', 'plain 500', 'pooled-buffer 1000', 'pooled-buffer 500']);
    expect(new Set(planSteps(plan, 0, all).map(({ arrivalSeed }) => arrivalSeed)).size).toBe(1);
  });

  it('is in an order that follows from seed and round, and differs between rounds', () => {
    expect(named(3)).toEqual(named(3));
    expect(new Set(Array.from({ length: 10 }, (_, round) => named(round).join())).size).toBeGreaterThan(3);
  });

  it('leaves out a variant of which nothing is asked', () => {
    expect(planSteps(plan, 0, new Map([['plain', [700]]])).map(({ variant }) => variant)).toEqual(['plain']);
  });
});
