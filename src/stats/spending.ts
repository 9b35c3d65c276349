/**
 * How often one may look: the share of an error that each look at a growing sample may spend, so that all looks together
 * spend no more than was allowed. Lan and DeMets 1983, "Discrete sequential boundaries for clinical trials" (Biometrika 70),
 * with their spending function of O'Brien and Fleming's type: little at first, most at the end.
 */
import { normalCdf, normalQuantile } from './special-functions.js';

/** What may be spent up to the share `fraction` of all information: α*(t) = 2 − 2Φ(z(1 − α/2)/√t), equation 1 there. */
export function spentUpTo(alpha: number, fraction: number): number {
  return 2 * normalCdf(normalQuantile(alpha / 2) / Math.sqrt(fraction));
}

/** Points of Simpson's rule over the part of a distribution that no look has ended; odd. */
const POINTS = 301;
/** Standard deviations below which there is nothing left. */
const FAR = 8;

/**
 * One-sided p-value below which each look ends the test, when the looks are taken at these shares of all information
 * (rising, the last is 1): each spends what α* has grown by since the last. By the recursive integration of Armitage,
 * McPherson and Rowe 1969, "Repeated significance tests on accumulating data" (J. R. Statist. Soc. A 132): the score at a
 * look is that at the last, if it went on, plus a normal step.
 */
export function nominalLevels(alpha: number, fractions: readonly number[]): number[] {
  const levels: number[] = [];
  let continuing: Density | null = null;
  let last = 0;
  for (const fraction of fractions) {
    const spend = spentUpTo(alpha, fraction) - (last === 0 ? 0 : spentUpTo(alpha, last));
    const deviation = Math.sqrt(fraction - last);
    const before: Density | null = continuing;
    const beyond = (bound: number): number =>
      before === null
        ? normalCdf(-bound / deviation)
        : integral(before, (score) => normalCdf((score - bound) / deviation));
    const bound = fallingRoot(beyond, spend, FAR * Math.sqrt(fraction));
    levels.push(normalCdf(-bound / Math.sqrt(fraction)));
    continuing = densityBelow(bound, FAR * Math.sqrt(fraction), (score) =>
      before === null
        ? normalDensity(score / deviation) / deviation
        : integral(before, (from) => normalDensity((score - from) / deviation) / deviation),
    );
    last = fraction;
  }
  return levels;
}

/** A density of the score at equally distant points. */
interface Density {
  readonly from: number;
  readonly step: number;
  readonly values: Float64Array;
}

function densityBelow(bound: number, far: number, density: (score: number) => number): Density {
  const from = -far;
  const step = (bound - from) / (POINTS - 1);
  return { from, step, values: Float64Array.from({ length: POINTS }, (_, i) => density(from + i * step)) };
}

/** ∫ density(x) · weight(x) dx by Simpson's rule. */
function integral({ from, step, values }: Density, weight: (score: number) => number): number {
  let sum = 0;
  for (let i = 0; i < POINTS; i++) {
    const value = values[i] ?? 0;
    if (value < 1e-18) continue;
    const factor = i === 0 || i === POINTS - 1 ? 1 : i % 2 === 1 ? 4 : 2;
    sum += factor * value * weight(from + i * step);
  }
  return (sum * step) / 3;
}

function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** The x in (−far, far) at which a falling function passes `target`; `far` where it stays above. */
function fallingRoot(falling: (x: number) => number, target: number, far: number): number {
  let [low, high] = [-far, far];
  for (let i = 0; i < 48; i++) {
    const middle = (low + high) / 2;
    if (falling(middle) > target) low = middle;
    else high = middle;
  }
  return high;
}
