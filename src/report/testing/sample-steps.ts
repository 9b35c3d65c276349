/** Runs that measured rates instead of slices: a sweep with a knee, and a search within an objective. */
import type { RunRecord } from '../../record/index.js';
import { sampleRun } from './sample-run.js';

const sample = sampleRun({ rounds: 4 });
const [first] = sample.run.variants;
/** The one that they are of. */
export const steppedVariant = first?.id ?? '';

const point = (offeredRatePerSecond: number, p99Ms: number) => ({
  offeredRatePerSecond,
  steps: 4,
  achievedRatePerSecond: offeredRatePerSecond,
  errorShare: 0,
  p50Ms: { value: 1, low: 0.9, high: 1.1 },
  p99Ms: { value: p99Ms, low: null, high: null },
  cpuMicrosPerRequest: { value: 120, low: 110, high: 130 },
  residentBytes: 20 * 2 ** 20,
  generatorLimited: false,
});

function stepped(
  steps: NonNullable<RunRecord['planned']['steps']>,
  found: Partial<NonNullable<RunRecord['analysis']>>,
): RunRecord {
  const { analysis } = sample.run;
  if (analysis === null) throw new Error('the sample has an analysis');
  return {
    ...sample.run,
    planned: { ...sample.run.planned, steps, pairs: [], gate: [] },
    analysis: { ...analysis, levels: [], effects: [], besideEffects: [], gate: [], ...found },
  };
}

export const swept = stepped(
  { type: 'sweep', ratesPerSecond: [500, 1000] },
  {
    curves: [
      {
        variant: steppedVariant,
        points: [point(500, 2), point(1000, 40)],
        kneeRatePerSecond: 500,
        tooMuchRatePerSecond: 1000,
      },
    ],
  },
);
export const searched = stepped(
  {
    type: 'search',
    objective: { latency: [{ quantile: 0.99, limitMs: 5 }], mostErrors: 0.01 },
    startRatePerSecond: 100,
    precision: 0.04,
  },
  {
    curves: [
      {
        variant: steppedVariant,
        points: [point(800, 4)],
        kneeRatePerSecond: 800,
        tooMuchRatePerSecond: null,
      },
    ],
    sloResults: [
      {
        variant: steppedVariant,
        steps: 12,
        ratePerSecond: 812,
        low: 800,
        high: 824,
        settled: true,
        generatorLimitPerSecond: null,
        coresPerThousand: { value: 0.12, low: 0.11, high: 0.13 },
        megabytesPerThousand: { value: 25.2, low: null, high: null },
      },
    ],
  },
);
