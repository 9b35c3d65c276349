/**
 * Where does a service-level objective stop holding? A slice at one rate either holds it or does not, and near the limit
 * chance decides; so the limit is estimated, with an interval, as a psychometric threshold is: Bayes' rule over a grid of
 * thresholds and of how steeply the share of holding slices falls there, and the next rate where the threshold
 * may as well be above as below. Watson and Pelli, "QUEST: A Bayesian adaptive psychometric method" (1983); with the
 * slope among the unknowns, Kontsevich and Tyler, "Bayesian adaptive estimation of psychometric slope and threshold" (1999).
 */

export interface RateOutcome {
  readonly ratePerSecond: number;
  /** `generator`: it could not send at that rate, which says nothing about the variant. */
  readonly outcome: 'held' | 'broke' | 'generator';
}

export interface SearchSettings {
  /** The first rate tried. */
  readonly startRatePerSecond: number;
  /** The interval is narrow enough when its ends differ by this share. */
  readonly precision: number;
}

export interface RateLimit {
  /** Median of the posterior; null before there is a rate on either side. */
  readonly ratePerSecond: number | null;
  /** Ends of the interval in which the limit lies with 95 %; `low` is null where no slice held, `high` where none broke. */
  readonly low: number | null;
  readonly high: number | null;
  /** The lowest rate that the generator could not send; null when it sent all. */
  readonly generatorLimit: number | null;
  readonly settled: boolean;
}

const CREDIBILITY = 0.95;
/** Rates from 0.1/s to 2,000,000/s, half a percent apart. */
const [LEAST, MOST, STEP] = [Math.log(0.1), Math.log(2e6), 0.005];
/** Widths of the fall in log rate: within 1 % of the limit where a queue fills, up to a fifth on a noisy machine. */
const SLOPES = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1] as const;
/** Share of slices below the limit that break for another reason: what else happens on the machine. */
const LAPSES = [0.02, 0.1] as const;
/** Share of slices above the limit that hold by luck. */
const LUCK = 0.01;
/** Fewer outcomes than this on a side settle nothing: one of them may have been a lapse. */
const FEWEST_EACH_SIDE = 3;
/** Before both sides are known the rate is doubled or halved, since far beyond its limit a system shows nothing but overload. */
const BRACKET_FACTOR = 2;

const POINTS = Math.floor((MOST - LEAST) / STEP) + 1;
/** A limit further than this factor from every rate that was tried is not thought of. */
const BEYOND_TRIED = 4;

/** What the outcomes so far say of the limit. */
export function rateLimitOf(outcomes: readonly RateOutcome[], settings: SearchSettings): RateLimit {
  const judged = outcomes.filter(({ outcome }) => outcome !== 'generator');
  const refused = outcomes.filter(({ outcome }) => outcome === 'generator');
  const generatorLimit =
    refused.length === 0 ? null : Math.min(...refused.map(({ ratePerSecond }) => ratePerSecond));
  const held = judged.filter(({ outcome }) => outcome === 'held');
  const broke = judged.filter(({ outcome }) => outcome === 'broke');
  if (held.length === 0 || broke.length === 0) {
    return {
      ratePerSecond: null,
      low: held.length === 0 ? null : Math.max(...held.map(({ ratePerSecond }) => ratePerSecond)),
      high: broke.length === 0 ? null : Math.min(...broke.map(({ ratePerSecond }) => ratePerSecond)),
      generatorLimit,
      settled: false,
    };
  }
  const posterior = posteriorOf(judged);
  const [low, middle, high] = [(1 - CREDIBILITY) / 2, 0.5, (1 + CREDIBILITY) / 2].map((share) =>
    quantileOf(posterior, share),
  ) as [number, number, number];
  const enough = held.length >= FEWEST_EACH_SIDE && broke.length >= FEWEST_EACH_SIDE;
  return {
    ratePerSecond: middle,
    low,
    high,
    generatorLimit,
    settled: enough && high / low - 1 <= settings.precision,
  };
}

/** The rate to try next; null when the limit is known well enough, or lies beyond what the generator sends. */
export function nextRate(outcomes: readonly RateOutcome[], settings: SearchSettings): number | null {
  const limit = rateLimitOf(outcomes, settings);
  if (limit.settled) return null;
  const next = wantedRate(limit, settings);
  // Rates that the generator cannot send say nothing; below its limit the search goes on for as long as that can help.
  if (limit.generatorLimit === null || next < limit.generatorLimit) return next;
  const highestTried = limit.low ?? 0;
  const between = Math.sqrt(Math.max(highestTried, limit.generatorLimit / 4) * limit.generatorLimit);
  return between > highestTried * (1 + settings.precision) ? between : null;
}

function wantedRate(limit: RateLimit, { startRatePerSecond }: SearchSettings): number {
  if (limit.ratePerSecond !== null) return limit.ratePerSecond;
  if (limit.low !== null) return limit.low * BRACKET_FACTOR;
  if (limit.high !== null) return limit.high / BRACKET_FACTOR;
  return startRatePerSecond;
}

/** Thresholds of the grid that are thought of, from the point `first`, and how probable each is. */
interface Posterior {
  readonly first: number;
  readonly probabilities: Float64Array;
}

/** Uniform in log rate before any outcome; slopes and lapses are summed out. */
function posteriorOf(outcomes: readonly RateOutcome[]): Posterior {
  const tried = outcomes.map(({ ratePerSecond, outcome }) => ({
    point: Math.round((Math.log(ratePerSecond) - LEAST) / STEP),
    held: outcome === 'held',
  }));
  const margin = Math.ceil(Math.log(BEYOND_TRIED) / STEP);
  const first = Math.max(0, Math.min(...tried.map(({ point }) => point)) - margin);
  const last = Math.min(POINTS - 1, Math.max(...tried.map(({ point }) => point)) + margin);
  const logs = likelihoods().map((likelihood) => {
    const sums = new Float64Array(last - first + 1);
    for (const { point, held } of tried) {
      const table = held ? likelihood.held : likelihood.broke;
      const offset = first - point + POINTS;
      for (let index = 0; index < sums.length; index += 1) {
        sums[index] = (sums[index] ?? 0) + (table[index + offset] ?? 0);
      }
    }
    return sums;
  });
  const most = logs.reduce((highest, sums) => sums.reduce((a, b) => Math.max(a, b), highest), -Infinity);
  const probabilities = new Float64Array(last - first + 1);
  for (const sums of logs) {
    for (let index = 0; index < sums.length; index += 1) {
      probabilities[index] = (probabilities[index] ?? 0) + Math.exp((sums[index] ?? 0) - most);
    }
  }
  const total = probabilities.reduce((sum, value) => sum + value, 0);
  return { first, probabilities: probabilities.map((value) => value / total) };
}

/** The rate below which that share of the posterior lies. */
function quantileOf({ first, probabilities }: Posterior, share: number): number {
  let sum = 0;
  for (let index = 0; index < probabilities.length; index += 1) {
    sum += probabilities[index] ?? 0;
    if (sum >= share) return Math.exp(LEAST + (first + index) * STEP);
  }
  return Math.exp(MOST);
}

/** Log likelihoods of either outcome by how many points the threshold lies above the rate, from −POINTS. */
interface Likelihood {
  readonly held: Float64Array;
  readonly broke: Float64Array;
}

let tables: readonly Likelihood[] | null = null;

/** One table for each slope and lapse; rates are taken to the nearest point of the grid, a quarter of a percent at most. */
function likelihoods(): readonly Likelihood[] {
  tables ??= SLOPES.flatMap((slope) =>
    LAPSES.map((lapse) => {
      const held = new Float64Array(2 * POINTS + 1);
      const broke = new Float64Array(2 * POINTS + 1);
      for (let index = 0; index < held.length; index += 1) {
        const above = (index - POINTS) * STEP;
        const holds = LUCK + (1 - LUCK - lapse) / (1 + Math.exp(-above / slope));
        held[index] = Math.log(holds);
        broke[index] = Math.log(1 - holds);
      }
      return { held, broke };
    }),
  );
  return tables;
}
