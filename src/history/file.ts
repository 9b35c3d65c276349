/**
 * The history as a file: lines of JSON that are only ever added, each complete in itself and in any order, so that
 * git can merge two of them by union (`meshmark-history.jsonl merge=union` in .gitattributes).
 */
import { appendFileSync, existsSync } from 'node:fs';
import { type DamagedLine, realFileSystem } from '../record/index.js';
import { HISTORY_SCHEMA, type HistoryLine, historyLine, identityOf } from './line.js';

export interface History {
  /** By time. */
  readonly lines: readonly HistoryLine[];
  /** Lines, from 1, that were skipped, and why. */
  readonly damaged: readonly DamagedLine[];
  /** Lines that told again what another one tells. */
  readonly duplicates: number;
}

/** Reads a history; one that does not exist yet is empty. Throws Node's own error where the file cannot be read. */
export function readHistory(path: string): History {
  const byIdentity = new Map<string, { line: HistoryLine; text: string }>();
  const damaged: DamagedLine[] = [];
  let duplicates = 0;
  let number = 0;
  for (const { text: raw } of existsSync(path) ? realFileSystem.readLines(path) : []) {
    number += 1;
    const text = raw.trim();
    if (text === '') continue;
    const parsed = parseLine(text);
    if ('reason' in parsed) {
      damaged.push({ line: number, reason: parsed.reason });
      continue;
    }
    const identity = identityOf(parsed.line);
    const known = byIdentity.get(identity);
    if (known !== undefined) duplicates += 1;
    // Which of two is kept must not depend on their order in the file, which a merge may change.
    if (known === undefined || text < known.text) byIdentity.set(identity, { line: parsed.line, text });
  }
  const lines = [...byIdentity.entries()]
    .sort(([a, { line: first }], [b, { line: second }]) =>
      first.time === second.time ? (a < b ? -1 : 1) : first.time < second.time ? -1 : 1,
    )
    .map(([, { line }]) => line);
  return { lines, damaged, duplicates };
}

/** Adds the lines that the file does not tell yet, in one write at its end. Returns how many that were. */
export function addToHistory(path: string, lines: readonly HistoryLine[]): number {
  const known = new Set(readHistory(path).lines.map(identityOf));
  const added = lines.filter((line) => !known.has(identityOf(line)));
  if (added.length === 0) return 0;
  const text = added.map((line) => `${JSON.stringify(line)}\n`).join('');
  appendFileSync(path, endsMidLine(path) ? `\n${text}` : text);
  return added.length;
}

/** What was cut off must not swallow the next line. */
function endsMidLine(path: string): boolean {
  if (!existsSync(path)) return false;
  let ended = true;
  for (const line of realFileSystem.readLines(path)) ended = line.ended;
  return !ended;
}

function parseLine(text: string): { readonly line: HistoryLine } | { readonly reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { reason: /^(<{7}|={7}|>{7})/.test(text) ? 'a mark of a merge that git left to you' : 'not JSON' };
  }
  const result = historyLine.safeParse(json);
  if (result.success) return { line: result.data };
  const [issue] = result.error.issues;
  const place = issue?.path.join('.') ?? '';
  return place === 'schema'
    ? { reason: `its schema is not ${HISTORY_SCHEMA}: not of a history, or of a newer meshmark` }
    : { reason: `${place === '' ? 'the whole' : place}: ${issue?.message ?? 'it does not fit'}` };
}
