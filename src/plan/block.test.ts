import { describe, expect, it } from 'vitest';
import { parseScenario } from '../scenario/index.js';
import { type Plan, planBlock, planScenario, standUpOrder } from './index.js';
import { splitmix64 } from './random.js';

const TEXT = `schema: meshmark.scenario/1
name: blocks
load: {model: open, rate: 800/s}
slices: {duration: 2s, warmup: 300ms, blocks: 4, micro: {requests: 300, warmup: 100}}
variants: [{id: a, kind: plain}, {id: b, kind: plain}, {id: c, kind: plain}]
baseline: a
`;

function plan(seed: number): Plan {
  const parsed = parseScenario(TEXT, 'f.yaml');
  if (!parsed.ok) throw new Error('the text is no scenario');
  const result = planScenario(parsed.scenario, { path: 'f.yaml', text: TEXT, overrides: { seed } });
  if (!result.ok) throw new Error(result.faults.join());
  return result.plan;
}

describe('planBlock', () => {
  it('gives the same block for the same seed, whatever was asked before', () => {
    const first = planBlock(plan(7), 31, 'micro');
    const again = plan(7);
    for (let block = 0; block < 31; block++) planBlock(again, block, 'long');
    expect(planBlock(again, 31, 'micro')).toEqual(first);
    expect(planBlock(plan(8), 31, 'micro')[0]?.arrivalSeed).not.toBe(first[0]?.arrivalSeed);
    expect(planBlock(plan(7), 31, 'long')[0]?.arrivalSeed).not.toBe(first[0]?.arrivalSeed);
    expect(planBlock(plan(7), 32, 'micro')[0]?.arrivalSeed).not.toBe(first[0]?.arrivalSeed);
  });

  it('puts each order of the variants equally often', () => {
    const blocks = 3000;
    const planned = plan(7);
    const seen = new Map<string, number>();
    for (let block = 0; block < blocks; block++) {
      const order = planBlock(planned, block, 'micro');
      if (order.some(({ position }, index) => position !== index)) throw new Error('positions are the order');
      const name = order.map(({ variant }) => variant).join('');
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    const each = blocks / 6;
    const chiSquare = [...seen.values()].reduce((sum, count) => sum + (count - each) ** 2 / each, 0);
    expect(seen.size).toBe(6);
    // 0.999 quantile of chi-square with 5 degrees of freedom.
    expect(chiSquare).toBeLessThan(20.5);
  });

  it('varies lengths within 30 %, evenly, the same for all variants of a block', () => {
    const planned = plan(7);
    let sum = 0;
    const lengths: number[] = [];
    for (let block = 0; block < 2000; block++) {
      const slices = planBlock(planned, block, 'micro');
      const [first] = slices;
      expect(
        new Set(slices.map(({ length, arrivalSeed }) => JSON.stringify([length, arrivalSeed]))).size,
      ).toBe(1);
      if (first?.length.type !== 'requests') throw new Error('a short slice counts requests');
      expect(first.length.warmupRequests).toBe(100);
      lengths.push(first.length.requests);
      sum += first.length.requests;
    }
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(210);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(390);
    expect(Math.min(...lengths)).toBeLessThan(215);
    expect(Math.max(...lengths)).toBeGreaterThan(385);
    expect(sum / 2000).toBeCloseTo(300, -1);
  });

  it('never makes a long slice too short for a percentile', () => {
    const base = plan(7);
    const short: Plan = {
      ...base,
      schedule: { ...base.schedule, long: { durationMs: 1000, warmupMs: 0, blocksPerRound: 1 } },
    };
    for (let block = 0; block < 200; block++) {
      const length = planBlock(short, block, 'long')[0]?.length;
      if (length?.type !== 'duration') throw new Error('a long slice lasts a time');
      expect(length.durationMs).toBeGreaterThanOrEqual(1000);
      expect(length.durationMs).toBeLessThanOrEqual(1300);
    }
  });

  it('refuses a track that was not planned', () => {
    expect(() => planBlock(plan(7), 0, 'cross-check')).toThrow(RangeError);
  });
});

describe('splitmix64', () => {
  it('draws the published sequence', () => {
    const random = splitmix64(1234567n);
    expect([random.next64(), random.next64(), random.next64()]).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
    ]);
  });
});

describe('standUpOrder', () => {
  it('puts each variant first on about as many replicas as any other, and follows from the seed', () => {
    const planned = plan(7);
    const firsts = new Map<string, number>();
    for (let replica = 0; replica < 300; replica += 1) {
      const [first] = standUpOrder(planned, replica);
      firsts.set(first?.id ?? '', (firsts.get(first?.id ?? '') ?? 0) + 1);
    }
    const expected = 300 / planned.variants.length;
    for (const count of firsts.values())
      expect(Math.abs(count - expected)).toBeLessThan(4 * Math.sqrt(expected));
    expect(standUpOrder(planned, 5)).toEqual(standUpOrder(plan(7), 5));
  });
});
