/**
 * Judged runs kept under a name, to gate later ones against. Each is a file of its own, complete in itself and replaced as a
 * whole, so that one that is damaged takes no other with it; one name may have several, for other machines and scenarios.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { scenarioDigest } from '../history/index.js';
import { jsonFaultPosition, type RunRecord, runRecord } from '../record/index.js';

const BASELINE_SCHEMA = 'meshmark.baseline/1';

/** Where baselines are kept unless another folder is named. */
export const BASELINE_FOLDER = 'meshmark-baselines';

const ENDING = '.baseline.json';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/;

const storedBaseline = z.object({
  schema: z.literal(BASELINE_SCHEMA),
  name: z.string().regex(NAME),
  savedAt: z.iso.datetime(),
  /** What was measured; null where nobody knew. */
  commit: z.string().nullable(),
  /** The judged run, without its slices. */
  run: runRecord,
});
export type StoredBaseline = z.infer<typeof storedBaseline>;

/** A baseline that cannot be kept or used: the user's input is wrong. The message says which, why, and the mend. */
export class BaselineFault extends Error {
  override readonly name = 'BaselineFault';
}

/** A file of a store that could not be read. */
export interface DamagedBaseline {
  readonly file: string;
  readonly reason: string;
}

export interface Baselines {
  /** By name, then by time. */
  readonly baselines: readonly StoredBaseline[];
  readonly damaged: readonly DamagedBaseline[];
}

/**
 * Keeps a judged run under a name, in place of an earlier one of the same scenario and machine. Returns the file. Throws
 * BaselineFault for a name that cannot be a file's, and Node's own error where the folder cannot be written; then what was
 * kept before is as it was.
 */
export function saveBaseline(
  folder: string,
  baseline: { readonly name: string; readonly commit: string | null; readonly run: RunRecord },
  now: Date,
): string {
  const { name, commit, run } = baseline;
  if (!NAME.test(name)) {
    throw new BaselineFault(
      `a baseline cannot be called ${JSON.stringify(name)}: letters, digits, dots, dashes and underscores, at most 61, no dot or dash first`,
    );
  }
  const kept: StoredBaseline = { schema: BASELINE_SCHEMA, name, savedAt: now.toISOString(), commit, run };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.${scenarioDigest(run)}.${run.machine.fingerprint}${ENDING}`);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(kept, null, 1)}\n`, { flush: true });
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
  return file;
}

/** Everything that a store holds; nothing where there is no such folder. Throws Node's own error where it cannot be read. */
export function listBaselines(folder: string): Baselines {
  const baselines: StoredBaseline[] = [];
  const damaged: DamagedBaseline[] = [];
  for (const name of namesIn(folder)) {
    if (!name.endsWith(ENDING)) continue;
    const file = join(folder, name);
    const read = readBaseline(file);
    if ('reason' in read) damaged.push({ file, reason: read.reason });
    else baselines.push(read);
  }
  baselines.sort((a, b) => (a.name === b.name ? (a.savedAt < b.savedAt ? -1 : 1) : a.name < b.name ? -1 : 1));
  return { baselines, damaged };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
}

function readBaseline(file: string): StoredBaseline | { readonly reason: string } {
  const text = readFileSync(file, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return { reason: `not JSON at ${jsonFaultPosition(cause, text)}` };
  }
  const result = storedBaseline.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.join('.') ?? '';
  return place === 'schema'
    ? { reason: `its schema is not ${BASELINE_SCHEMA}: not a baseline, or of a newer meshmark` }
    : { reason: `${place === '' ? 'the whole' : place}: ${issue?.message ?? 'it does not fit'}` };
}
