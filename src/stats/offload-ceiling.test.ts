import { describe, expect, it } from 'vitest';
import { CPU_CATEGORIES, type CpuCategory, type ProfileRecord } from '../record/index.js';
import { analyse } from './analyse.js';
import { amdahlSpeedUp } from './offload-ceiling.js';
import { shareOfTotals, wilson } from './share.js';
import { buildRun } from './testing/record-builder.js';

type Counts = Partial<Record<CpuCategory, number>>;

function profile(replica: number, role: string, counts: Counts, clockShare = 1): ProfileRecord {
  const categories = Object.fromEntries(
    CPU_CATEGORIES.map((category) => {
      const samples = counts[category] ?? 0;
      return [category, { samples, cpuNs: samples * 1e7, top: [{ function: `f.${category}`, samples }] }];
    }),
  ) as ProfileRecord['categories'];
  const samples = Object.values(counts).reduce((sum, own) => sum + own, 0);
  return {
    type: 'profile',
    round: replica,
    variant: 'x',
    replica,
    role,
    pid: 100 + replica,
    startedAtMicros: 0,
    requests: 1000,
    seconds: 2,
    periodNs: 1e7,
    samples,
    profiledCpuNs: samples * 1e7,
    processCpuNs: (samples * 1e7) / clockShare,
    categories,
  };
}

function ceilingOf(profiles: readonly ProfileRecord[], leftOut: Record<string, string> = {}) {
  const built = buildRun({ variants: [{ id: 'direct' }, { id: 'x' }], rounds: 4, microBlocksPerRound: 1 });
  const variants = built.run.variants.map((variant) =>
    variant.id === 'x'
      ? { ...variant, dataPlaneRoles: ['outbound', 'inbound'] }
      : { ...variant, kind: 'direct' },
  );
  const planned = { ...built.run.planned, confidence: 0.95, offloadCeiling: { seconds: 2, leftOut } };
  const { analysis } = analyse({ ...built.run, variants, planned }, built.slices, built.windows, profiles);
  expect(analysis.offloadCeiling?.map(({ variant }) => variant)).toEqual(['x']);
  return analysis.offloadCeiling?.[0];
}

const both = (replica: number, outbound: Counts, inbound: Counts) => [
  profile(replica, 'outbound', outbound),
  profile(replica, 'inbound', inbound),
];

describe('the bound on what offloading could save', () => {
  it('adds the roles and replicas up before it divides, and bounds by what each device could take', () => {
    // By hand: private keys 40 of each 100 at the outbound and 20 of 100 at the inbound are 60 of 200.
    const profiles = [0, 1, 2, 3].flatMap((replica) =>
      both(
        replica,
        { privateKey: 40, keyExchange: 10, keyEncapsulation: 5, verification: 5, symmetric: 10, other: 30 },
        { privateKey: 20, symmetric: 30, other: 50 },
      ),
    );
    const ceiling = ceilingOf(profiles);
    expect(ceiling).toMatchObject({ samples: 800, replicas: 4, profiledOverClock: 1, reason: null });
    expect(ceiling?.shares?.privateKey.value).toBeCloseTo(0.3, 12);
    expect(ceiling?.bounds?.privateKey.value).toBeCloseTo(0.3, 12);
    expect(ceiling?.bounds?.asymmetric.value).toBeCloseTo(0.4, 12);
    expect(ceiling?.bounds?.privateKeyAndSymmetric.value).toBeCloseTo(0.5, 12);
    const total = CPU_CATEGORIES.reduce((sum, one) => sum + (ceiling?.shares?.[one].value ?? 0), 0);
    expect(total).toBeCloseTo(1, 12);
    expect(ceiling?.top.privateKey).toEqual([{ function: 'f.privateKey', share: 0.3 }]);
  });

  it('says how the profile and the clocks differ', () => {
    const profiles = [0, 1, 2, 3].flatMap((replica) => [
      profile(replica, 'outbound', { privateKey: 50, other: 50 }, 0.5),
      profile(replica, 'inbound', { other: 100 }, 0.5),
    ]);
    expect(ceilingOf(profiles)?.profiledOverClock).toBeCloseTo(0.5, 12);
    const unread = profiles.map((one, index) => (index === 0 ? { ...one, processCpuNs: null } : one));
    expect(ceilingOf(unread)?.profiledOverClock).toBeNull();
  });

  it('leaves out a replica in which one process gave no profile', () => {
    const profiles = [0, 1, 2, 3].flatMap((replica) => both(replica, { other: 100 }, { privateKey: 100 }));
    const torn = [...profiles, profile(4, 'outbound', { other: 5000 })];
    expect(ceilingOf(torn)).toMatchObject({ samples: 800, replicas: 4 });
    expect(ceilingOf(torn)?.bounds?.privateKey.value).toBe(0.5);
  });

  it('has no number without enough samples, and no interval without enough replicas, and says so', () => {
    expect(ceilingOf(both(0, { other: 10 }, { other: 10 }))).toMatchObject({
      bounds: null,
      shares: null,
      reason: expect.stringMatching(/only 20 samples; 300 are needed/),
    });
    expect(ceilingOf([])?.reason).toBe('no profile of all its processes was taken');
    const two = ceilingOf([0, 1].flatMap((replica) => both(replica, { privateKey: 100 }, { other: 100 })));
    expect(two?.bounds?.privateKey).toEqual({ value: 0.5, low: null, high: null });
    expect(two?.reason).toMatch(/2 sets of fresh processes cannot carry an interval; 4 are needed/);
  });

  it('gives a variant that is not profiled the plan’s reason', () => {
    expect(ceilingOf([], { x: 'it is not the Go sidecar' })).toMatchObject({
      bounds: null,
      reason: 'it is not the Go sidecar',
    });
  });
});

describe('amdahlSpeedUp', () => {
  it.each([
    [0, 1],
    [0.2, 1.25],
    [0.5, 2],
    [0.75, 4],
    [1, Number.POSITIVE_INFINITY],
  ])('of the share %d is %d', (share, times) => expect(amdahlSpeedUp(share)).toBe(times));

  it.each([-0.1, 1.1, Number.NaN])('refuses %d', (wrong) => {
    expect(() => amdahlSpeedUp(wrong)).toThrow(RangeError);
  });
});

describe('shareOfTotals', () => {
  it('agrees with Wilson’s interval as it is published', () => {
    // Newcombe 1998, table I, method 3: 15 of 148 at 95 % is 0.0624 to 0.1605, and 0 of 20 is 0 to 0.1611.
    expect(wilson(15 / 148, 148, 0.95).low).toBeCloseTo(0.0624, 4);
    expect(wilson(15 / 148, 148, 0.95).high).toBeCloseTo(0.1605, 4);
    expect(wilson(0, 20, 0.95).low).toBeCloseTo(0, 10);
    expect(wilson(0, 20, 0.95).high).toBeCloseTo(0.1611, 4);
  });

  it('knows that a category nobody saw need not be empty, and never leaves [0, 1]', () => {
    const none = shareOfTotals(Array(10).fill({ numerator: 0, denominator: 100 }), 0.99);
    expect(none).toMatchObject({ value: 0, low: 0 });
    expect(none.high).toBeGreaterThan(0.001);
    const all = shareOfTotals(
      [98, 100, 100, 60].map((numerator) => ({ numerator, denominator: 100 })),
      0.99,
    );
    expect(all.high).toBe(1);
  });

  it('refuses no samples', () => {
    expect(() => shareOfTotals([], 0.95)).toThrow(RangeError);
  });

  // The replicas' shares vary by `spread` around the truth, and so does how much CPU each used; samples are drawn from them.
  it.each([
    { truth: 0.34, spread: 0.03, samples: 150 },
    { truth: 0.34, spread: 0, samples: 150 },
    { truth: 0.72, spread: 0.05, samples: 100 },
    { truth: 0.03, spread: 0.01, samples: 150 },
    { truth: 0.004, spread: 0, samples: 150 },
  ])('covers a share of $truth that varies by $spread', ({ truth, spread, samples }) => {
    const random = mulberry(42);
    const trials = 2000;
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      const units = Array.from({ length: 10 }, () => {
        const own = Math.min(1, Math.max(0, truth + spread * gaussian(random)));
        const denominator = Math.round(samples * (0.8 + 0.4 * random()));
        let numerator = 0;
        for (let index = 0; index < denominator; index++) if (random() < own) numerator++;
        return { numerator, denominator };
      });
      const { low, high } = shareOfTotals(units, 0.95);
      if ((low ?? 1) <= truth && truth <= (high ?? 0)) covered++;
    }
    expect(covered / trials).toBeGreaterThanOrEqual(0.94);
  });
});

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Box and Muller 1958. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
