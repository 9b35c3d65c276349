import { describe, expect, it } from 'vitest';
import { parseScenario } from '../scenario/index.js';
import { withoutClinic } from './clinic.js';
import { planScenario } from './plan-scenario.js';
import { type StacksOptions, withStacks } from './stacks.js';

const HEAD = `schema: meshmark.scenario/1
name: profiles
slices: {duration: 2s, blocks: 4, micro: {requests: 100, warmup: 20, perRound: 2s}}
variants:
  - {id: direct}
  - {id: plain}
  - {id: pooled-buffer}
  - {id: node-plain}
  - {id: envoy}
  - {id: mine, kind: custom, command: [./proxy, "{listen}", "{upstream}"]}
baseline: plain
gate: [{metric: cpu.per_request, maxIncrease: 5%}]
`;
const OPEN = `${HEAD}load: {model: open, rate: 800/s, arrivals: constant}\n`;

function planned(options: Partial<StacksOptions>, text = OPEN) {
  const parsed = parseScenario(text, 'f.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const plan = planScenario(parsed.scenario, { path: 'f.yaml', text });
  if (!plan.ok) throw new Error(plan.faults.join('; '));
  return withStacks(plan.plan, { variants: ['plain'], rounds: 3, durationMs: 2000, perf: false, ...options });
}

function planOf(options: Partial<StacksOptions>, text = OPEN) {
  const result = planned(options, text);
  if (!result.ok) throw new Error(result.faults.join('; '));
  return result.plan;
}

function faultsOf(options: Partial<StacksOptions>, text = OPEN): readonly string[] {
  const result = planned(options, text);
  return result.ok ? [] : result.faults;
}

describe('a plan of profiles', () => {
  it('measures nothing, judges nothing, and has fresh processes for each round', () => {
    const { schedule, analysis, variants } = planOf({ variants: ['pooled-buffer', 'plain'] });
    expect(schedule).toMatchObject({
      micro: null,
      long: null,
      crossCheck: null,
      profiles: null,
      replicas: 3,
    });
    expect(schedule.stacks?.looks.map(({ kind, durationMs }) => [kind, durationMs])).toEqual([
      ['cpu', 4000],
      ['allocations', 2000],
      ['mutex', 1000],
      ['goroutines', 500],
    ]);
    expect(analysis).toMatchObject({ baseline: null, pairs: [], gate: [], hasMicro: false, hasLong: false });
    // As they were asked for: the second is compared with the first.
    expect(variants.map(({ id }) => id)).toEqual(['pooled-buffer', 'plain']);
  });

  it('has loadgen send what another driver would have', () => {
    const text = (load: string) => `${HEAD}load: ${load}\n`;
    expect(planOf({}, text('{driver: autocannon, model: closed}')).load).toEqual({
      driver: 'loadgen',
      model: 'closed',
      thinkMs: 0,
    });
    expect(planOf({}, text('{driver: k6, model: open, rate: 300/s, arrivals: constant}')).load).toEqual({
      driver: 'loadgen',
      model: 'open',
      ratePerSecond: 300,
      arrivals: 'constant',
    });
  });

  it.each([
    ['direct', /`direct` cannot be profiled: it has no proxy/],
    ['pooled-bufer', /no variant `pooled-bufer`.*pooled-buffer/],
  ])('refuses %s with one message', (id, message) => {
    const faults = faultsOf({ variants: [id] });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
  });

  it('has clinic look once at variants in Node.js, whatever the rounds, and never beside Go', () => {
    const { schedule, analysis, estimatedSeconds } = planOf({ variants: ['node-plain'], rounds: 5 });
    expect(schedule).toMatchObject({
      rounds: 1,
      stacks: { looks: [] },
      clinic: { variants: ['node-plain'], generatorProcesses: null },
    });
    expect(schedule.clinic?.looks.map(({ tool, durationMs }) => [tool, durationMs])).toEqual([
      ['doctor', 3000],
      ['flame', 4000],
      ['bubbleprof', 1000],
      ['heapprofiler', 2000],
    ]);
    expect(analysis.stacks?.looks).toEqual([
      { kind: 'node-cpu', seconds: 4 },
      { kind: 'node-heap', seconds: 2 },
    ]);
    expect(analysis.clinic).toMatchObject({ variants: ['node-plain'] });
    expect(estimatedSeconds).toBeGreaterThan(10);
    expect(faultsOf({ variants: ['plain', 'node-plain'] })).toEqual([
      expect.stringMatching(/in Node\.js .* a run of its own/),
    ]);
    expect(planOf({}).schedule.clinic).toBeNull();
  });

  it('has perf look at proxies that tell nothing of themselves, and at what is compared with them', () => {
    const kinds = (options: Partial<StacksOptions>) =>
      planOf(options).schedule.stacks?.looks.map(({ kind, durationMs }) => [kind, durationMs]);
    expect(kinds({ variants: ['envoy'] })).toEqual([['perf-cpu', 4000]]);
    expect(kinds({ variants: ['mine'] })).toEqual([['perf-cpu', 4000]]);
    expect(kinds({ variants: ['plain', 'envoy'] })).toEqual([['perf-cpu', 4000]]);
    expect(kinds({ perf: true })?.map(([kind]) => kind)).toEqual([
      'cpu',
      'allocations',
      'mutex',
      'goroutines',
      'perf-cpu',
    ]);
    expect(faultsOf({ variants: ['node-plain'], perf: true })).toEqual([
      expect.stringMatching(/leave `--perf` out/),
    ]);
    expect(faultsOf({ variants: ['node-plain', 'envoy'] })).toEqual([
      expect.stringMatching(/in Node\.js .* a run of its own/),
    ]);
  });

  it('has clinic look at autocannon where it sends, and can leave that out', () => {
    const plan = planOf({}, `${HEAD}load: {driver: autocannon, model: closed, processes: 3}\n`);
    expect(plan.schedule.clinic).toMatchObject({ variants: [], generatorProcesses: 3 });
    expect(plan.schedule.stacks?.looks).toHaveLength(4);
    const without = withoutClinic(plan);
    expect(without.schedule.clinic).toBeNull();
    expect(without.analysis.clinic).toBeUndefined();
  });

  it('refuses three variants, one twice, none, and lengths and rounds that make no sense', () => {
    for (const variants of [['plain', 'pooled-buffer', 'plain'], ['plain', 'plain'], []]) {
      expect(faultsOf({ variants })).toEqual([
        expect.stringContaining('name one variant, or two different ones'),
      ]);
    }
    expect(faultsOf({ durationMs: 100 })).toEqual([
      expect.stringContaining('from 0.5 s to 600 s, not 0.1 s'),
    ]);
    expect(faultsOf({ rounds: 0 })).toEqual([expect.stringContaining('from 1 to 100')]);
  });
});
