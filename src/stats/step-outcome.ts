/** Whether a step of a search kept to its objective. */
import { decodeHistogram, type Objective, quantileNs, type StepRecord } from '../record/index.js';
import type { RateOutcome } from './slo-search.js';

/** Share of its core above which a generator has no room left to hold a schedule; as for slices. */
const GENERATOR_CPU_LIMIT = 0.95;
/** A schedule of which so much left later than this was not held; as for slices. */
const [LAG_QUANTILE, LAG_LIMIT_MS] = [0.5, 5];

/**
 * `held` when every latency of the objective was kept and no more requests failed than it grants; `generator` when
 * it was broken and the generator could not send on time although connections were free, or had no CPU left. Throws RangeError when a
 * histogram cannot be decoded.
 */
export function stepOutcome(step: StepRecord, objective: Objective): RateOutcome['outcome'] {
  if (keptTo(step, objective)) return 'held';
  return generatorLimited(step) ? 'generator' : 'broke';
}

function keptTo(step: StepRecord, { latency, mostErrors }: Objective): boolean {
  if (step.failed !== null || step.latency === null || step.requests === 0) return false;
  if (failedRequests(step) / step.requests > mostErrors) return false;
  const told = decodeHistogram(step.latency);
  return latency.every(({ quantile, limitMs }) => quantileNs(told, quantile) / 1e6 <= limitMs);
}

/** Requests that failed, of whatever cause. */
export function failedRequests({ errors }: Pick<StepRecord, 'errors'>): number {
  return errors.connect + errors.reset + errors.timeout + errors.status + errors.protocol;
}

/** Whether it was the generator that could not keep the step's rate. */
export function generatorLimited(step: StepRecord): boolean {
  const wallMicros = step.endedAtMicros - step.startedAtMicros;
  if (wallMicros > 0 && step.generator.cpuNs / 1000 / wallMicros > GENERATOR_CPU_LIMIT) return true;
  const variantWasFull = step.generator.connectionWaits > step.requests / 2;
  if (variantWasFull || step.sendLag === null || step.requests === 0) return false;
  return quantileNs(decodeHistogram(step.sendLag), LAG_QUANTILE) / 1e6 > LAG_LIMIT_MS;
}
