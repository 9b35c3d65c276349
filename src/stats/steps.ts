/** What the steps of a sweep or a search add up to: curves with their knee, limits, and what the traffic costs there. */
import {
  type CurvePoint,
  type PlannedSteps,
  quantileNs,
  type RateCurve,
  type RunVariant,
  type SloResult,
  type StepRecord,
  sumHistograms,
} from '../record/index.js';
import { FEWEST_UNITS, interval, jackknife } from './jackknife.js';
import { rateLimitOf } from './slo-search.js';
import { failedRequests, generatorLimited, stepOutcome } from './step-outcome.js';

/** A rate at which more requests failed was too much, … */
const MOST_ERRORS = 0.01;
/** … as was one of which less was answered in the time that it took: a queue that fills leaves its answers for afterwards. */
const ACHIEVED_SHARE = 0.95;
/** So was one whose p99 is this many times that of the lowest rate: where a queue begins to fill, latency leaves its plateau. */
const KNEE_FACTOR = 5;
/** What traffic costs at a limit is read from the steps that held at no less than this share of it. */
const NEAR_LIMIT = 0.7;

type Estimated = NonNullable<CurvePoint['p99Ms']>;

/** The throughput–latency curve of every variant that has steps. Throws RangeError when a histogram cannot be decoded. */
export function curvesOf(
  variants: readonly RunVariant[],
  steps: readonly StepRecord[],
  confidence: number,
): RateCurve[] {
  return variants.flatMap((variant) => {
    const own = steps.filter((step) => step.variant === variant.id && step.failed === null);
    const rates = [...new Set(own.map(({ offeredRatePerSecond }) => offeredRatePerSecond))].sort(
      (a, b) => a - b,
    );
    if (rates.length === 0) return [];
    const points = rates.map((rate) =>
      pointOf(
        variant,
        own.filter((step) => step.offeredRatePerSecond === rate),
        rate,
        confidence,
      ),
    );
    const tooMuch = points.findIndex((point) => isTooMuch(point, points[0]));
    return [
      {
        variant: variant.id,
        points,
        kneeRatePerSecond: points[(tooMuch < 0 ? points.length : tooMuch) - 1]?.offeredRatePerSecond ?? null,
        tooMuchRatePerSecond: points[tooMuch]?.offeredRatePerSecond ?? null,
      },
    ];
  });
}

function isTooMuch(point: CurvePoint, lowest: CurvePoint | undefined): boolean {
  if (point.errorShare > MOST_ERRORS) return true;
  if (point.achievedRatePerSecond < ACHIEVED_SHARE * point.offeredRatePerSecond) return true;
  const [own, least] = [point.p99Ms?.value, lowest?.p99Ms?.value];
  return own !== undefined && least !== undefined && own > KNEE_FACTOR * least;
}

function pointOf(
  variant: RunVariant,
  steps: readonly StepRecord[],
  offeredRatePerSecond: number,
  confidence: number,
): CurvePoint {
  const sum = (of: (step: StepRecord) => number) => steps.reduce((total, step) => total + of(step), 0);
  const requests = sum((step) => step.requests);
  const failed = sum(failedRequests);
  const wallSeconds = sum((step) => step.endedAtMicros - step.startedAtMicros) / 1e6;
  const resident = steps.flatMap(({ residentBytes }) => residentBytes ?? []);
  return {
    offeredRatePerSecond,
    steps: steps.length,
    achievedRatePerSecond: wallSeconds > 0 ? (requests - failed) / wallSeconds : 0,
    errorShare: requests > 0 ? failed / requests : 0,
    p50Ms: byReplica(steps, quantileMs(0.5), confidence),
    p99Ms: byReplica(steps, quantileMs(0.99), confidence),
    cpuMicrosPerRequest: byReplica(steps, cpuMicrosPerRequest(variant), confidence),
    residentBytes: resident.length === 0 ? null : Math.max(...resident),
    generatorLimited: steps.filter(generatorLimited).length * 2 > steps.length,
  };
}

/** Every variant's limit by its steps, and what its traffic costs there. Throws as `curvesOf`. */
export function sloResultsOf(
  variants: readonly RunVariant[],
  steps: readonly StepRecord[],
  planned: Extract<PlannedSteps, { type: 'search' }>,
  confidence: number,
): SloResult[] {
  return variants.flatMap((variant) => {
    const own = steps.filter((step) => step.variant === variant.id);
    if (own.length === 0) return [];
    const outcomes = own.map((step) => ({
      ratePerSecond: step.offeredRatePerSecond,
      outcome: stepOutcome(step, planned.objective),
    }));
    const limit = rateLimitOf(outcomes, planned);
    const reference = limit.ratePerSecond ?? limit.low ?? 0;
    const near = own.filter(
      (step, index) =>
        outcomes[index]?.outcome === 'held' && step.offeredRatePerSecond >= NEAR_LIMIT * reference,
    );
    const measured = variant.dataPlaneRoles.length > 0;
    return [
      {
        variant: variant.id,
        steps: own.length,
        ratePerSecond: limit.ratePerSecond,
        low: limit.low,
        high: limit.high,
        settled: limit.settled,
        generatorLimitPerSecond: limit.generatorLimit,
        // µs of CPU a request are ms of CPU for a thousand, and as many ms in each second are thousandths of a core.
        coresPerThousand: measured
          ? byReplica(
              near,
              (part) => mapped(cpuMicrosPerRequest(variant)(part), (micros) => micros / 1000),
              confidence,
            )
          : null,
        megabytesPerThousand: measured ? byReplica(near, megabytesPerThousand, confidence) : null,
      },
    ];
  });
}

function mapped(value: number | null, to: (value: number) => number): number | null {
  return value === null ? null : to(value);
}

type Statistic = (steps: readonly StepRecord[]) => number | null;

/** A statistic of all steps with the delete-one-replica jackknife's interval; null where it has no value. */
function byReplica(steps: readonly StepRecord[], of: Statistic, confidence: number): Estimated | null {
  const value = of(steps);
  if (value === null) return null;
  const replicas = [...new Set(steps.map(({ replica }) => replica))];
  const without = replicas.map((replica) => of(steps.filter((step) => step.replica !== replica)));
  const known = without.filter((one) => one !== null);
  if (replicas.length < FEWEST_UNITS || known.length < replicas.length)
    return { value, low: null, high: null };
  const { low, high } = interval(jackknife(value, known), confidence);
  return { value, low: Math.max(0, low), high };
}

function quantileMs(quantile: number): Statistic {
  return (steps) => {
    const merged = sumHistograms(steps.flatMap(({ latency }) => latency ?? []));
    return merged.total === 0 ? null : quantileNs(merged, quantile) / 1e6;
  };
}

function cpuMicrosPerRequest({ dataPlaneRoles }: RunVariant): Statistic {
  return (steps) => {
    let cpuNs = 0;
    let requests = 0;
    for (const step of steps) {
      const own = step.cpu.filter(({ role }) => dataPlaneRoles.includes(role));
      if (own.length === 0) continue;
      cpuNs += own.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
      requests += step.requests;
    }
    return requests === 0 ? null : cpuNs / 1000 / requests;
  };
}

function megabytesPerThousand(steps: readonly StepRecord[]): number | null {
  const each = steps.flatMap(({ residentBytes, offeredRatePerSecond }) =>
    residentBytes === null ? [] : [residentBytes / 1e6 / (offeredRatePerSecond / 1000)],
  );
  return each.length === 0 ? null : each.reduce((sum, one) => sum + one, 0) / each.length;
}
