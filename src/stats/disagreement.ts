/** Two ways of measuring the same thing that do not agree: said in one sentence, never settled by choosing. */
import type { Analysis, Effect } from '../record/index.js';

/** Deciding effects that another track contradicts: opposite sides of 1, or intervals that do not meet. */
export function disagreementsOf(
  effects: readonly Effect[],
  besideEffects: readonly Effect[],
): Analysis['disagreements'] {
  return besideEffects.flatMap((beside) => {
    const deciding = effects.find(
      (effect) =>
        effect.metric === beside.metric &&
        effect.candidate === beside.candidate &&
        effect.baseline === beside.baseline,
    );
    if (deciding === undefined || !contradict(deciding, beside)) return [];
    const { metric, candidate, baseline } = beside;
    const explanation =
      `${metric} of ${candidate} against ${baseline}: ${deciding.track} slices say ${range(deciding)} and ` +
      `${beside.track} slices say ${range(beside)}; ${
        oppose(deciding, beside) ? 'they point in opposite directions' : 'the intervals do not meet'
      }.`;
    return [{ metric, candidate, baseline, explanation }];
  });
}

type Known = Effect & { readonly low: number; readonly high: number };

function isKnown(effect: Effect): effect is Known {
  return effect.low !== null && effect.high !== null;
}

/** Intervals closer than this, as a share, meet: counts that hardly vary have intervals as thin as rounding. */
const TOUCHING = 0.001;

function contradict(a: Effect, b: Effect): boolean {
  // In open load the achieved rate is the asked one, whatever a closed loop finds possible; and two ways that both
  // find nothing that matters agree in what matters.
  if (a.overruled === true || (a.verdict === 'equivalent' && b.verdict === 'equivalent')) return false;
  const apart = (lower: Known, upper: Known) => upper.low > lower.high * (1 + TOUCHING);
  return isKnown(a) && isKnown(b) && (apart(a, b) || apart(b, a));
}

function oppose(a: Effect, b: Effect): boolean {
  return isKnown(a) && isKnown(b) && ((a.low > 1 && b.high < 1) || (a.high < 1 && b.low > 1));
}

function range(effect: Effect): string {
  const digits = (value: number | null) => (value === null ? '?' : value.toFixed(3));
  return `× ${digits(effect.ratio)} (${digits(effect.low)} to ${digits(effect.high)})`;
}
