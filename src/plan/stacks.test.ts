import { describe, expect, it } from 'vitest';
import { parseScenario } from '../scenario/index.js';
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
  return withStacks(plan.plan, { variants: ['plain'], rounds: 3, durationMs: 2000, ...options });
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
    ['node-plain', /`node-plain` cannot be profiled: .*Node\.js/],
    ['envoy', /`envoy` cannot be profiled: its proxy is envoy/],
    ['mine', /`mine` cannot be profiled: .*program of your own/],
    ['pooled-bufer', /no variant `pooled-bufer`.*pooled-buffer/],
  ])('refuses %s with one message', (id, message) => {
    const faults = faultsOf({ variants: [id] });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
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
