/** The programs that were built for a run, as its record tells them. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileDigest } from '../../host/index.js';
import type { VariantSpec } from '../../variants/index.js';

/** SHA-256 of the program that each built variant is made of, by the variant's id. */
export function builtDigests(variants: readonly VariantSpec[]): Record<string, string> {
  return Object.fromEntries(
    variants.flatMap((variant) => {
      const program = builtProgram(variant);
      return program === null ? [] : [[variant.id, fileDigest(program)] as const];
    }),
  );
}

/** Ids of the variants of this version whose program is, byte for byte, that of their base. */
export function identicalIn(variants: readonly VariantSpec[], pairs: readonly Pair[]): string[] {
  const digests = builtDigests(variants);
  return pairs
    .filter(
      ({ candidate, baseline }) =>
        digests[candidate] !== undefined && digests[candidate] === digests[baseline],
    )
    .filter(({ baseline }) => variants.find(({ id }) => id === baseline)?.build?.version === 'base')
    .map(({ candidate }) => candidate);
}

interface Pair {
  readonly candidate: string;
  readonly baseline: string;
}

/** Path of the file that is started; null where nothing was built, or an interpreter of the machine's is what starts. */
function builtProgram({ program, directory, form }: VariantSpec): string | null {
  if (program !== undefined) return program;
  const [first] = form.type === 'custom' ? form.command : [];
  if (directory === undefined || first === undefined || !first.includes('/')) return null;
  const path = resolve(directory, first);
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : null;
}
