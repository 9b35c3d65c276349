/** `imported.json`: what another tool measured, as far as its output tells. It is no run: nothing in it has a verdict. */
import { join } from 'node:path';
import { z } from 'zod';
import { level } from './analysis.js';
import { RecordError, recordErrorFrom } from './fault.js';
import { type RecordFileSystem, realFileSystem } from './file-system.js';
import { encodedHistogram } from './slices.js';
import { IMPORTED_FILE, RUN_FILE, writeNewFile } from './writer.js';

export const IMPORTED_SCHEMA = 'meshmark.imported/1';

/** One figure in the metric's unit. There is never an interval: nothing was repeated side by side. */
export const importedLevel = level.pick({ metric: true, value: true, reason: true }).extend({
  /** The edges between which the true value lies where the tool only kept a bucket; null where it told the value. */
  within: z.object({ low: z.number(), high: z.number() }).nullable(),
});
export type ImportedLevel = z.infer<typeof importedLevel>;

/** What the tool told of the distribution: all of it, or the points that it printed. */
export const importedLatency = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('histogram'), encoded: encodedHistogram }),
  /** `counts[i]` samples lie between `fromNs[i]` and `toNs[i]`. */
  z.object({
    kind: z.literal('buckets'),
    fromNs: z.array(z.number()),
    toNs: z.array(z.number()),
    counts: z.array(z.number()),
  }),
  z.object({
    kind: z.literal('percentiles'),
    points: z.array(z.object({ quantile: z.number().min(0).max(1), ns: z.number().nonnegative() })),
  }),
]);

export const importedTool = z.enum(['fortio', 'k6', 'wrk', 'wrk2']);
export type ImportedTool = z.infer<typeof importedTool>;

export const importedResult = z.object({
  /** What the result is called beside variants of a run. */
  variant: z.string(),
  tool: importedTool,
  toolVersion: z.string().nullable(),
  /** The file that it was read from, by its name alone. */
  source: z.object({ file: z.string(), sha256: z.string(), bytes: z.int().nonnegative() }),
  target: z.string().nullable(),
  startedAt: z.string().nullable(),
  seconds: z.number().nonnegative().nullable(),
  connections: z.int().nonnegative().nullable(),
  /** `paced`: a closed loop that pauses between requests; null where the output does not tell. */
  model: z.enum(['open', 'closed', 'paced']).nullable(),
  offeredRatePerSecond: z.number().nullable(),
  /** Where a request's latency begins: when it was due, or when it was really sent. */
  timedFrom: z.enum(['intended', 'send']),
  requests: z.int().nonnegative(),
  /** Samples of latency, which some tools begin to take only after a while. */
  samples: z.int().nonnegative(),
  /** Requests that failed, by the tool's own causes. */
  errors: z.record(z.string(), z.int().nonnegative()),
  levels: z.array(importedLevel),
  latency: importedLatency,
  /** What its figures cannot be compared in, and why: one sentence each, never none. */
  limits: z.array(z.string()).min(1),
});
export type ImportedResult = z.infer<typeof importedResult>;

export const importedRecord = z.object({
  schema: z.literal(IMPORTED_SCHEMA),
  meshmarkVersion: z.string(),
  command: z.array(z.string()),
  importedAt: z.string(),
  results: z.array(importedResult).min(1),
});
export type ImportedRecord = z.infer<typeof importedRecord>;

/** Creates the folder `dir` with imported.json in it. Throws RecordError: RECORD_EXISTS, or as the disk failed. */
export function writeImported(
  dir: string,
  record: ImportedRecord,
  fileSystem: RecordFileSystem = realFileSystem,
): void {
  if (textOrNull(join(dir, RUN_FILE), fileSystem) !== null) {
    throw new RecordError('RECORD_EXISTS', `${dir} holds a run already; give --out a new folder.`);
  }
  writeNewFile(dir, join(dir, IMPORTED_FILE), `${JSON.stringify(record, null, 1)}\n`, fileSystem);
}

/** The folder's imported.json; null when it has none. Throws RecordError: RECORD_MALFORMED, or as the disk failed. */
export function readImported(
  dir: string,
  fileSystem: RecordFileSystem = realFileSystem,
): ImportedRecord | null {
  const path = join(dir, IMPORTED_FILE);
  const text = textOrNull(path, fileSystem);
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new RecordError('RECORD_MALFORMED', `${path} is not JSON: import its source again.`, { cause });
  }
  const result = importedRecord.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new RecordError(
      'RECORD_MALFORMED',
      `${path} is damaged: "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'it does not match the schema'}. Import its source again.`,
    );
  }
  return result.data;
}

function textOrNull(path: string, fileSystem: RecordFileSystem): string | null {
  try {
    return fileSystem.readText(path);
  } catch (cause) {
    const errno = cause instanceof Error && 'code' in cause ? cause.code : null;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw recordErrorFrom(cause, `cannot read ${path}`);
  }
}
