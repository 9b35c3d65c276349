/** Reading a run folder back, whatever ended the run that wrote it. */
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import type { ClinicRecord } from './clinic.js';
import type { ControlRecord } from './control.js';
import { RecordError, recordErrorFrom } from './fault.js';
import { type RecordFileSystem, realFileSystem } from './file-system.js';
import { jsonFaultPosition } from './json-position.js';
import { type RecordLine, recordLine } from './line.js';
import type { ProfileRecord } from './profiles.js';
import { RUN_SCHEMA, type RunRecord, runRecord } from './run.js';
import type { SliceRecord, WindowRecord } from './slices.js';
import type { StacksRecord } from './stacks.js';
import type { StepRecord } from './steps.js';
import { IMPORTED_FILE, RUN_FILE, SLICES_FILE } from './writer.js';

/** A line of slices.jsonl, from 1, that could not be read. */
export interface DamagedLine {
  readonly line: number;
  readonly reason: string;
}

export interface StoredRun {
  readonly run: RunRecord;
  readonly slices: SliceRecord[];
  readonly windows: WindowRecord[];
  readonly profiles: ProfileRecord[];
  readonly controls: ControlRecord[];
  readonly steps: StepRecord[];
  readonly stacks: StacksRecord[];
  readonly clinic: ClinicRecord[];
  /** Lines left out; a torn last line is what a killed harness leaves. Whoever shows the run must say so. */
  readonly damaged: DamagedLine[];
}

/**
 * Reads `dir`/run.json and `dir`/slices.jsonl; fields it does not know are ignored. Throws RecordError:
 * RECORD_NOT_A_RUN, RECORD_NEWER_SCHEMA, RECORD_MALFORMED with `file:line:column`, or as the disk failed.
 */
export function readRun(dir: string, fileSystem: RecordFileSystem = realFileSystem): StoredRun {
  const run = parseRun(join(dir, RUN_FILE), readOrNull(join(dir, RUN_FILE), fileSystem), fileSystem);
  const slices: SliceRecord[] = [];
  const windows: WindowRecord[] = [];
  const profiles: ProfileRecord[] = [];
  const controls: ControlRecord[] = [];
  const steps: StepRecord[] = [];
  const stacks: StacksRecord[] = [];
  const clinic: ClinicRecord[] = [];
  const damaged: DamagedLine[] = [];
  let line = 0;
  for (const { text, ended } of linesOrNone(join(dir, SLICES_FILE), fileSystem)) {
    line += 1;
    if (text === '') continue;
    const parsed = parseLine(text);
    if (parsed.state === 'damaged') {
      const reason = ended ? parsed.reason : `cut off at the end of the file (${parsed.reason})`;
      damaged.push({ line, reason });
    } else if (parsed.line.type === 'slice') {
      slices.push(parsed.line);
    } else if (parsed.line.type === 'window') {
      windows.push(parsed.line);
    } else if (parsed.line.type === 'control') {
      controls.push(parsed.line);
    } else if (parsed.line.type === 'step') {
      steps.push(parsed.line);
    } else if (parsed.line.type === 'stacks') {
      stacks.push(parsed.line);
    } else if (parsed.line.type === 'clinic') {
      clinic.push(parsed.line);
    } else {
      profiles.push(parsed.line);
    }
  }
  return { run, slices, windows, profiles, controls, steps, stacks, clinic, damaged };
}

/** The lines of a file; none where there is no file, as a run that failed before its first slice may have none. */
function* linesOrNone(
  path: string,
  fileSystem: RecordFileSystem,
): Generator<{ readonly text: string; readonly ended: boolean }> {
  try {
    yield* fileSystem.readLines(path);
  } catch (cause) {
    if (!isMissing(cause)) throw recordErrorFrom(cause, `cannot read ${path}`);
  }
}

function readOrNull(path: string, fileSystem: RecordFileSystem): string | null {
  try {
    return fileSystem.readText(path);
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw recordErrorFrom(cause, `cannot read ${path}`);
  }
}

function isMissing(cause: unknown): boolean {
  const errno = cause instanceof Error && 'code' in cause ? cause.code : null;
  return errno === 'ENOENT' || errno === 'ENOTDIR';
}

function parseRun(path: string, text: string | null, fileSystem: RecordFileSystem): RunRecord {
  if (text === null) {
    throw new RecordError(
      'RECORD_NOT_A_RUN',
      readOrNull(join(dirname(path), IMPORTED_FILE), fileSystem) === null
        ? `${path} does not exist: give the folder that meshmark run wrote, the one with run.json in it.`
        : `${dirname(path)} holds what another tool measured, which has no verdict: use meshmark report or compare on it.`,
    );
  }
  return parseRunText(path, text);
}

/**
 * A run record from its JSON; `path` is only for messages. Fields it does not know are ignored. Throws RecordError:
 * RECORD_NOT_A_RUN, RECORD_NEWER_SCHEMA, or RECORD_MALFORMED with `file:line:column`.
 */
export function parseRunText(path: string, text: string): RunRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const place = `${path}:${jsonFaultPosition(cause, text)}`;
    throw new RecordError('RECORD_MALFORMED', `${place} is not JSON (${said}).`, { cause });
  }
  const schema = isObject(json) ? json.schema : undefined;
  if (typeof schema !== 'string' || !schema.startsWith('meshmark.run/')) {
    throw new RecordError(
      'RECORD_NOT_A_RUN',
      `${path} is not a run record: its "schema" is not "${RUN_SCHEMA}".`,
    );
  }
  if (schema !== RUN_SCHEMA) {
    throw new RecordError(
      'RECORD_NEWER_SCHEMA',
      `${path} has the schema "${schema}" and this meshmark reads "${RUN_SCHEMA}": use the meshmark that wrote it, or a newer one.`,
    );
  }
  // What a run that was killed, or one written by hand, most often lacks is what only its end would have added.
  const ended = { finishedAt: null, stateReason: null, analysis: null, ...(isObject(json) ? json : {}) };
  const result = runRecord.safeParse(ended);
  if (!result.success) {
    throw new RecordError('RECORD_MALFORMED', `${path} is damaged: ${firstIssue(result.error)}.`);
  }
  return result.data;
}

type ParsedLine =
  | { readonly state: 'read'; readonly line: RecordLine }
  | { readonly state: 'damaged'; readonly reason: string };

function parseLine(text: string): ParsedLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { state: 'damaged', reason: 'not JSON' };
  }
  const result = recordLine.safeParse(json);
  return result.success
    ? { state: 'read', line: result.data }
    : { state: 'damaged', reason: firstIssue(result.error) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'it does not match the schema';
  const place = issue.path.length === 0 ? 'the whole' : `"${issue.path.join('.')}"`;
  return `${place}: ${issue.message}`;
}
