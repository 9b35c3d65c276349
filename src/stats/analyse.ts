/** From the record of a run to everything that is said about it. Pure: the same record gives the same analysis. */
import type {
  Analysis,
  ControlRecord,
  ProfileRecord,
  RunRecord,
  RunVariant,
  SliceRecord,
  StepRecord,
  WindowRecord,
} from '../record/index.js';
import { chargeCpu } from './cpu-charge.js';
import { disagreementsOf } from './disagreement.js';
import { createMeasurements, effectsOf, levelsOf } from './effects.js';
import { cpuOf, type Evidence } from './evidence.js';
import { gatedLevelOf, sequentialPlanOf } from './gated-level.js';
import { gcTailsOf } from './gc-tail.js';
import { generatorFloorOf } from './generator-floor.js';
import { hopSplitOf } from './hop-split.js';
import { looksUpTo, wholeReplicas } from './looks.js';
import { decidingTrack } from './metric-evidence.js';
import { offloadCeilingsOf } from './offload-ceiling.js';
import { provenEvidence } from './proven-evidence.js';
import { curvesOf, sloResultsOf } from './steps.js';
import { surprisesOf } from './surprises.js';
import { auditOf } from './validity.js';

export type AnalysedRun = Pick<
  RunRecord,
  'cells' | 'planned' | 'variants' | 'isolation' | 'state' | 'stateReason' | 'ending'
>;

/**
 * Analyses a run, finished or not. Returns the analysis, whose `gate` is empty because the gate reads the effects,
 * and the variants with what their witnesses prove (`not-exercised` where a claim is not proved). Throws RangeError
 * when a histogram of the record cannot be decoded.
 */
export function analyse(
  run: AnalysedRun,
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
  profiles: readonly ProfileRecord[] = [],
  controls: readonly ControlRecord[] = [],
  steps: readonly StepRecord[] = [],
): { analysis: Analysis; variants: RunVariant[] } {
  const { variants, witnesses, evidence } = provenEvidence(run.variants, slices, windows);

  const { planned } = run;
  const measurements = createMeasurements(evidence);
  // Steps are at rates of their own, so that nothing of the run as a whole is a level or an effect.
  const levels = planned.steps === undefined ? levelsOf(planned, variants, measurements, evidence) : [];
  const seen = slices.reduce((most, { replica }) => Math.max(most, replica + 1), 0);
  const { effects, besideEffects } = effectsOf(planned, measurements, evidence, gatedLevelOf(planned, seen));
  const looks =
    sequentialPlanOf(planned) === null ? [] : looksUpTo(run, slices, windows, wholeReplicas(run, slices));
  const [control] = controls;
  const generatorFloor = generatorFloorOf(control);
  const gcTail = gcTailsOf(planned, evidence);
  const offloadCeiling = offloadCeilingsOf(planned, variants, profiles);
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
      ...(looks.length === 0 ? {} : { looks }),
      ...auditOf({ run, evidence, effects, levels, witnesses, control, generatorFloor, steps }),
      ...stepAnalysis(planned, variants, steps),
      ...(generatorFloor === null ? {} : { generatorFloor }),
      cpuOutsideSlices: byVariant(evidence, (one) => chargeCpu(one, cpuTrack).outsideShare),
      probeShare: byVariant(evidence, probeShareOf),
      hopSplit: [...evidence.values()].flatMap(
        (one) => hopSplitOf(one, planned.hasLong ? 'long' : 'micro', planned.confidence) ?? [],
      ),
      ...(gcTail === undefined ? {} : { gcTail }),
      surprises: surprisesOf(variants, effects),
      ...(offloadCeiling === undefined ? {} : { offloadCeiling }),
    },
  };
}

function stepAnalysis(
  { steps: planned, confidence }: RunRecord['planned'],
  variants: readonly RunVariant[],
  steps: readonly StepRecord[],
): Pick<Analysis, 'curves' | 'sloResults'> {
  if (planned === undefined) return {};
  // What did not do what its name says has no figures.
  const proven = variants.filter(({ status }) => status !== 'not-exercised');
  return {
    curves: curvesOf(proven, steps, confidence),
    ...(planned.type === 'search' ? { sloResults: sloResultsOf(proven, steps, planned, confidence) } : {}),
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
