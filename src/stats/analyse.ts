/** From the record of a run to everything that is said about it. Pure: the same record gives the same analysis. */
import type { Analysis, RunRecord, RunVariant, SliceRecord, WindowRecord } from '../record/index.js';
import { chargeCpu } from './cpu-charge.js';
import { disagreementsOf } from './disagreement.js';
import { createMeasurements, effectsOf, levelsOf } from './effects.js';
import { collectEvidence, cpuOf, type Evidence } from './evidence.js';
import { hopSplitOf } from './hop-split.js';
import { decidingTrack } from './metric-evidence.js';
import { surprisesOf } from './surprises.js';
import { validityOf } from './validity.js';
import { provenVariant, readWitnesses } from './witness.js';

export type AnalysedRun = Pick<RunRecord, 'planned' | 'variants' | 'isolation' | 'state' | 'stateReason'>;

/**
 * Analyses a run, finished or not. Returns the analysis, whose `gate` is empty because the gate reads the effects,
 * and the variants with what their witnesses prove (`not-exercised` where a claim is not proved). Throws RangeError
 * when a histogram of the record cannot be decoded.
 */
export function analyse(
  run: AnalysedRun,
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
): { analysis: Analysis; variants: RunVariant[] } {
  const measured = collectEvidence(run.variants, slices, windows);
  const witnesses = Object.fromEntries(
    [...measured.values()].map((one) => [one.variant.id, readWitnesses(one)] as const),
  );
  const variants = [...measured.values()].map((one) => provenVariant(one, witnesses[one.variant.id] ?? []));
  const evidence: ReadonlyMap<string, Evidence> = new Map(
    variants.map((variant) => [variant.id, { ...(measured.get(variant.id) as Evidence), variant }] as const),
  );

  const { planned } = run;
  const measurements = createMeasurements(evidence);
  const levels = levelsOf(planned, variants, measurements, evidence);
  const { effects, besideEffects } = effectsOf(planned, measurements, evidence);
  const cpuTrack = decidingTrack('cpu.per_request', planned);
  return {
    variants,
    analysis: {
      levels,
      effects,
      besideEffects,
      disagreements: disagreementsOf(effects, besideEffects),
      witnesses,
      gate: [],
      validity: validityOf({ run, evidence, effects, levels, witnesses }),
      cpuOutsideSlices: byVariant(evidence, (one) => chargeCpu(one, cpuTrack).outsideShare),
      probeShare: byVariant(evidence, probeShareOf),
      hopSplit: [...evidence.values()].flatMap(
        (one) => hopSplitOf(one, planned.hasLong ? 'long' : 'micro', planned.confidence) ?? [],
      ),
      surprises: surprisesOf(variants, effects),
    },
  };
}

function byVariant<T>(
  evidence: ReadonlyMap<string, Evidence>,
  compute: (one: Evidence) => T,
): Record<string, T> {
  return Object.fromEntries([...evidence].map(([id, one]) => [id, compute(one)]));
}

/** What asking a variant's processes for their counters cost, as a share of all the CPU they used. */
function probeShareOf(evidence: Evidence): number | null {
  let probeNs = 0;
  let cpuNs = 0;
  for (const window of [
    ...evidence.windows.micro,
    ...evidence.windows.long,
    ...evidence.windows['cross-check'],
  ]) {
    const own = cpuOf(window, evidence.variant.dataPlaneRoles);
    if (own === null) continue;
    probeNs += window.probeCpuNs;
    cpuNs += own;
  }
  return probeNs + cpuNs > 0 ? probeNs / (probeNs + cpuNs) : null;
}
