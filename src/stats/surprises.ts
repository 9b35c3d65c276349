/** Effects that went the other way than is expected: shown as such, and never a reason to doubt or to tune a verdict. */
import { type Effect, type Expectation, METRICS, type RunVariant, type Surprise } from '../record/index.js';

/** Every decided effect whose interval excludes what was expected of its candidate. */
export function surprisesOf(variants: readonly RunVariant[], effects: readonly Effect[]): Surprise[] {
  return variants.flatMap((variant) =>
    (variant.expectations ?? []).flatMap(({ metric, against, direction, source }): Surprise[] => {
      const seen = directionSeen(effects, variant.id, against, metric);
      if (seen === null || seen.direction === direction) return [];
      return [
        {
          candidate: variant.id,
          baseline: against,
          metric,
          expected: direction,
          source,
          found: `${METRICS[metric].label} ${seen.words}`,
        },
      ];
    }),
  );
}

/** What became of an expectation: `not shown` where the interval holds no difference, or nothing was decided. */
export function expectationOutcome(
  candidate: string,
  { metric, against, direction }: Expectation,
  effects: readonly Effect[],
): 'as expected' | 'the other way' | 'not shown' {
  const seen = directionSeen(effects, candidate, against, metric);
  if (seen === null) return 'not shown';
  return seen.direction === direction ? 'as expected' : 'the other way';
}

/** Which way the interval lies as a whole, from either order of the pair; null when it holds no difference. */
function directionSeen(
  effects: readonly Effect[],
  candidate: string,
  baseline: string,
  metric: Effect['metric'],
): { readonly direction: 'lower' | 'higher'; readonly words: string } | null {
  const forward = effects.find(
    (effect) => effect.metric === metric && effect.candidate === candidate && effect.baseline === baseline,
  );
  const backward = effects.find(
    (effect) => effect.metric === metric && effect.candidate === baseline && effect.baseline === candidate,
  );
  const interval = forward ?? (backward === undefined ? undefined : inverted(backward));
  if (interval === undefined || interval.low === null || interval.high === null) return null;
  if (interval.ratio === null || (interval.verdict !== 'better' && interval.verdict !== 'worse')) return null;
  const { ratio, low, high } = interval;
  if (low <= 1 && high >= 1) return null;
  const percent = (value: number) => `${(Math.abs(value - 1) * 100).toFixed(1)} %`;
  return ratio > 1
    ? { direction: 'higher', words: `${percent(ratio)} higher (${percent(low)} to ${percent(high)})` }
    : { direction: 'lower', words: `${percent(ratio)} lower (${percent(high)} to ${percent(low)})` };
}

function inverted(effect: Effect): Pick<Effect, 'ratio' | 'low' | 'high' | 'verdict'> {
  const inverse = (value: number | null) => (value === null || value === 0 ? null : 1 / value);
  const { ratio, low, high, verdict } = effect;
  return { ratio: inverse(ratio), low: inverse(high), high: inverse(low), verdict };
}
