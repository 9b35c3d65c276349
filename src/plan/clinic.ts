/** What clinic looks at in a profile run: sidecars that run in Node.js, and autocannon where it makes the scenario's load. */
import { CLINIC_STACKS, CLINIC_TOOLS, type PlannedClinic, type PlannedStacks } from '../record/index.js';
import type { ScenarioLoad } from '../scenario/index.js';
import type { VariantSpec } from '../variants/index.js';
import type { Schedule } from './plan.js';

/**
 * Lengths of looks, as multiples of that at allocations. Flame has a sample for each ms and doctor one for each 10 ms; bubbleprof
 * writes every asynchronous operation, so that its files soon are larger than it can read.
 */
const LENGTHS = { doctor: 1.5, flame: 2, bubbleprof: 0.5, heapprofiler: 1 } as const;
/** Starting a program under a tool, its writing what it found, and its page. */
const AROUND_MS = 8000;

type ClinicSchedule = NonNullable<Schedule['clinic']>;

export function isNodeVariant({ form }: VariantSpec): boolean {
  return form.type === 'node';
}

/** Null where none of the variants runs in Node.js and autocannon does not send. */
export function clinicOf(
  load: ScenarioLoad,
  variants: readonly VariantSpec[],
  durationMs: number,
): ClinicSchedule | null {
  const own = variants.filter(isNodeVariant).map(({ id }) => id);
  const generatorProcesses = load.driver === 'autocannon' ? load.processes : null;
  if (own.length === 0 && generatorProcesses === null) return null;
  return {
    looks: CLINIC_TOOLS.map((tool) => ({ tool, durationMs: durationMs * LENGTHS[tool] })),
    variants: own,
    generatorProcesses,
  };
}

/** The kinds of call stacks that its tools bring, and for how long each is looked at. */
export function clinicStacks({ looks }: ClinicSchedule): PlannedStacks['looks'] {
  return looks.flatMap(({ tool, durationMs }) => {
    const kind = CLINIC_STACKS[tool];
    return kind === undefined ? [] : [{ kind, seconds: durationMs / 1000 }];
  });
}

/** As the record keeps it. */
export function plannedClinicOf({ looks, variants, generatorProcesses }: ClinicSchedule): PlannedClinic {
  return {
    looks: looks.map(({ tool, durationMs }) => ({ tool, seconds: durationMs / 1000 })),
    variants: [...variants],
    generatorProcesses,
  };
}

/** Wall time of all looks with everything around them, in ms. */
export function clinicMs({ looks, variants, generatorProcesses }: ClinicSchedule): number {
  const subjects = variants.length + (generatorProcesses === null ? 0 : 1);
  return subjects * looks.reduce((sum, { durationMs }) => sum + durationMs + AROUND_MS, 0);
}

/** The plan without what clinic would have looked at, where there is no clinic. */
export function withoutClinic<
  P extends { readonly schedule: Schedule; readonly analysis: { clinic?: unknown } },
>(plan: P): P {
  const { clinic: _, ...analysis } = plan.analysis;
  return { ...plan, schedule: { ...plan.schedule, clinic: null }, analysis };
}
