import { describe, expect, test } from 'vitest';
import type { Analysis, Effect, HopSplit, Level, MetricName, Verdict } from '../record/index.js';
import { attributionsOf } from './attribution.js';

const PAIR = { candidate: 'pooled', baseline: 'plain' };
const MARGIN = 0.03;

function effect(metric: MetricName, ratio: number, width: number, verdict: Verdict = 'inconclusive'): Effect {
  return {
    ...PAIR,
    metric,
    track: 'long',
    ratio,
    low: ratio - width,
    high: ratio + width,
    difference: ratio - 1,
    differenceLow: ratio - width - 1,
    differenceHigh: ratio + width - 1,
    pAdjusted: null,
    gated: false,
    blocks: 10,
    replicas: 4,
    verdict,
    reason: null,
  };
}

function level(variant: string, metric: MetricName, value: number): Level {
  return { variant, metric, track: 'micro', value, low: null, high: null, reason: null };
}

function analysis(effects: readonly Effect[], more: Partial<Analysis> = {}): Analysis {
  return {
    levels: [],
    effects: [...effects],
    besideEffects: [],
    disagreements: [],
    witnesses: {},
    gate: [],
    validity: { status: 'valid', reasons: [] },
    cpuOutsideSlices: {},
    probeShare: {},
    ...more,
  };
}

function states(of: Analysis): Record<string, string> {
  const [first] = attributionsOf(of, PAIR, MARGIN);
  return Object.fromEntries((first?.companions ?? []).map(({ effect, state }) => [effect.metric, state]));
}

describe('what moved with an effect', () => {
  const cheaper = effect('cpu.per_request', 0.8, 0.02, 'better');

  test('is told apart from what moved against it, did not move, and cannot be told', () => {
    expect(
      states(
        analysis([
          cheaper,
          effect('cpu.user_per_request', 0.7, 0.1),
          effect('ctx_switches.per_request', 1.3, 0.1),
          effect('alloc.objects_per_request', 1.0, 0.01),
          effect('cpu.system_per_request', 0.95, 0.2),
        ]),
      ),
    ).toEqual({
      'cpu.user_per_request': 'with',
      'ctx_switches.per_request': 'against',
      'alloc.objects_per_request': 'still',
      'cpu.system_per_request': 'unknown',
    });
  });

  test('turns round with the effect: what costs more moved with one that is worse', () => {
    const dearer = effect('cpu.per_request', 1.3, 0.02, 'worse');
    expect(states(analysis([dearer, effect('alloc.bytes_per_request', 2, 0.1)]))).toEqual({
      'alloc.bytes_per_request': 'with',
    });
  });

  test('is asked of decided effects alone', () => {
    const wide = effect('cpu.per_request', 0.9, 0.2);
    expect(
      attributionsOf(analysis([wide, effect('alloc.bytes_per_request', 0.2, 0.1)]), PAIR, MARGIN),
    ).toEqual([]);
  });

  test('leaves out what is 0 in both', () => {
    const none = {
      ...effect('handshakes.per_request', 1, 0),
      ratio: null,
      low: null,
      high: null,
      difference: 0,
    };
    expect(states(analysis([cheaper, none]))).toEqual({});
  });

  test('holds the collector’s part: its share of CPU times CPU, candidate less baseline', () => {
    const levels = [
      level('plain', 'cpu.per_request', 133),
      level('plain', 'gc.cpu_fraction', 0.14),
      level('pooled', 'cpu.per_request', 105),
      level('pooled', 'gc.cpu_fraction', 0.03),
    ];
    const [found] = attributionsOf(analysis([cheaper], { levels }), PAIR, MARGIN);
    expect(found?.collectorMicros).toBeCloseTo(105 * 0.03 - 133 * 0.14, 9);
    expect(
      attributionsOf(analysis([cheaper], { levels: levels.slice(1) }), PAIR, MARGIN)[0]?.collectorMicros,
    ).toBe(null);
  });

  test('names of a latency the part of the path that changed most, and whether its intervals touch', () => {
    const split = (variant: string, outbound: number, service: number): HopSplit => ({
      variant,
      requests: 1000,
      parts: [
        { name: 'service', meanMicros: service, low: service - 5, high: service + 5 },
        { name: 'outbound sidecar', meanMicros: outbound, low: outbound - 5, high: outbound + 5 },
      ],
    });
    const [found] = attributionsOf(
      analysis([effect('latency.p99', 0.7, 0.1, 'better')], {
        hopSplit: [split('plain', 120, 40), split('pooled', 50, 42)],
      }),
      PAIR,
      MARGIN,
    );
    expect(found?.hops).toEqual([
      { name: 'outbound sidecar', candidateMicros: 50, baselineMicros: 120, apart: true },
      { name: 'service', candidateMicros: 42, baselineMicros: 40, apart: false },
    ]);
  });
});
