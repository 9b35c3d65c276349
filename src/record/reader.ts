/** Reading a run folder back, whatever ended the run that wrote it. */
import { join } from 'node:path';
import type { z } from 'zod';
import { RecordError, recordErrorFrom } from './fault.js';
import { type RecordFileSystem, realFileSystem } from './file-system.js';
import { RUN_SCHEMA, type RunRecord, runRecord } from './run.js';
import { recordLine, type SliceRecord, type WindowRecord } from './slices.js';
import { RUN_FILE, SLICES_FILE } from './writer.js';

/** A line of slices.jsonl, from 1, that could not be read. */
export interface DamagedLine {
  readonly line: number;
  readonly reason: string;
}

export interface StoredRun {
  readonly run: RunRecord;
  readonly slices: SliceRecord[];
  readonly windows: WindowRecord[];
  /** Lines left out; a torn last line is what a killed harness leaves. Whoever shows the run must say so. */
  readonly damaged: DamagedLine[];
}

/**
 * Reads `dir`/run.json and `dir`/slices.jsonl; fields it does not know are ignored. Throws RecordError:
 * RECORD_NOT_A_RUN, RECORD_NEWER_SCHEMA, RECORD_MALFORMED with `file:line:column`, or as the disk failed.
 */
export function readRun(dir: string, fileSystem: RecordFileSystem = realFileSystem): StoredRun {
  const run = parseRun(join(dir, RUN_FILE), readOrNull(join(dir, RUN_FILE), fileSystem));
  const slices: SliceRecord[] = [];
  const windows: WindowRecord[] = [];
  const damaged: DamagedLine[] = [];
  // A run that failed before its first slice may lack the file altogether; that is a run without slices.
  const lines = (readOrNull(join(dir, SLICES_FILE), fileSystem) ?? '').split('\n');
  lines.forEach((text, index) => {
    if (text === '') return;
    const last = index === lines.length - 1;
    const parsed = parseLine(text);
    if (parsed.state === 'damaged') {
      const reason = last ? `cut off at the end of the file (${parsed.reason})` : parsed.reason;
      damaged.push({ line: index + 1, reason });
    } else if (parsed.line.type === 'slice') {
      slices.push(parsed.line);
    } else {
      windows.push(parsed.line);
    }
  });
  return { run, slices, windows, damaged };
}

function readOrNull(path: string, fileSystem: RecordFileSystem): string | null {
  try {
    return fileSystem.readText(path);
  } catch (cause) {
    const errno = cause instanceof Error && 'code' in cause ? cause.code : null;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw recordErrorFrom(cause, `cannot read ${path}`);
  }
}

function parseRun(path: string, text: string | null): RunRecord {
  if (text === null) {
    throw new RecordError(
      'RECORD_NOT_A_RUN',
      `${path} does not exist: give the folder that meshmark run wrote, the one with run.json in it.`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const place = `${path}:${positionOf(cause, text)}`;
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
  | { readonly state: 'read'; readonly line: SliceRecord | WindowRecord }
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

/** `line:column` of a JSON.parse failure. */
function positionOf(cause: unknown, text: string): string {
  // V8 tells the offset of most faults; of an unexpected token it only quotes the surroundings.
  const match = cause instanceof Error ? / at position (\d+)/.exec(cause.message) : null;
  const offset = match?.[1] === undefined ? endOfTokens(text) : Number(match[1]);
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

const JSON_TOKEN =
  /\s*(?:[{}[\],:]|"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))|\s+/y;

/** Offset at which the text stops being a sequence of JSON's tokens. */
function endOfTokens(text: string): number {
  JSON_TOKEN.lastIndex = 0;
  let end = 0;
  while (end < text.length && JSON_TOKEN.test(text)) end = JSON_TOKEN.lastIndex;
  return end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
}
