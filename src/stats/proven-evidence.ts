/** The evidence of each variant, once its witnesses have said whether it did what its name says. */
import type { RunVariant, SliceRecord, WindowRecord, WitnessResult } from '../record/index.js';
import { collectEvidence, type Evidence } from './evidence.js';
import { provenVariant, readWitnesses } from './witness.js';

export interface ProvenEvidence {
  /** With `not-exercised` where a claim is not proved. */
  readonly variants: RunVariant[];
  readonly witnesses: Record<string, WitnessResult[]>;
  readonly evidence: ReadonlyMap<string, Evidence>;
}

/** Sorts what was measured by variant. Throws RangeError when a histogram cannot be decoded. */
export function provenEvidence(
  variants: readonly RunVariant[],
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
): ProvenEvidence {
  const measured = [...collectEvidence(variants, slices, windows).values()].map((one) => {
    const witnesses = readWitnesses(one);
    return { one: { ...one, variant: provenVariant(one, witnesses) }, witnesses };
  });
  return {
    variants: measured.map(({ one }) => one.variant),
    witnesses: Object.fromEntries(measured.map(({ one, witnesses }) => [one.variant.id, witnesses])),
    evidence: new Map(measured.map(({ one }) => [one.variant.id, one])),
  };
}
