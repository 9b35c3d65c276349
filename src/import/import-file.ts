/** From a file of another tool to a result of the record: which tool wrote it, what it tells, and what it does not. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { ImportedResult } from '../record/index.js';
import { ImportFault } from './fault.js';
import { readFortio } from './fortio.js';
import { parseJson } from './json.js';
import { isK6Line, isK6Summary, readK6Lines, readK6Summary } from './k6.js';
import { importedLevels } from './levels.js';
import type { ToolOutput } from './tool-output.js';
import { readWrk, readWrk2, WRK_MARK, WRK2_MARK } from './wrk.js';

/** The tools whose output can be read, as `--format` names them. */
export const IMPORT_FORMATS = ['fortio', 'k6', 'wrk', 'wrk2'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** Enough for the first line of any format. */
const FIRST_BYTES = 65_536;
/** What is read whole is a summary or a page of text; k6's lines are read one by one and may be of any length. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Reads one file. `format` null guesses its tool. Throws ImportFault, whose message names the file and the mend, where
 * it cannot be read, is cut off, or is of no tool that is known.
 */
export async function importFile(
  path: string,
  variant: string,
  format: ImportFormat | null,
): Promise<ImportedResult> {
  const bytes = sizeOf(path);
  const first = await beginningOf(path);
  const output = await outputOf(path, bytes, first, format);
  const {
    percentiles: _told,
    maxNs: _max,
    throughput: _rate,
    errorRate: _errors,
    ownLimits,
    ...result
  } = output;
  return {
    variant,
    ...result,
    source: { file: basename(path), sha256: await digestOf(path), bytes },
    levels: importedLevels(output),
    limits: [...ownLimits, ...limitsOf(output)],
  };
}

async function outputOf(
  path: string,
  bytes: number,
  first: string,
  format: ImportFormat | null,
): Promise<ToolOutput> {
  const [firstLine = ''] = first.trimStart().split('\n');
  if ((format === null || format === 'k6') && isK6Line(firstLine)) {
    return await readK6Lines(
      path,
      createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: 200 }),
    );
  }
  if (bytes > MOST_BYTES) {
    throw new ImportFault(
      `${path}: ${Math.round(bytes / 2 ** 20)} MiB are more than any summary has; of the large files only k6's lines (--out json=FILE) can be read`,
    );
  }
  const text = await readFile(path, 'utf8');
  switch (format ?? guess(path, text)) {
    case 'fortio':
      return readFortio(path, text);
    case 'k6':
      return readK6Summary(path, text);
    case 'wrk':
      return readWrk(path, text);
    case 'wrk2':
      return readWrk2(path, text);
  }
}

function guess(path: string, text: string): ImportFormat {
  if (/^\s*\{/.test(text)) {
    const value = parseJson(path, text);
    if (typeof value === 'object' && value !== null && 'DurationHistogram' in value) return 'fortio';
    if (isK6Summary(value)) return 'k6';
  } else if (WRK2_MARK.test(text)) return 'wrk2';
  else if (WRK_MARK.test(text)) return 'wrk';
  throw new ImportFault(
    `${path}: this is the output of none of ${IMPORT_FORMATS.join(', ')}; give fortio's -json, k6's --out json or --summary-export, or what wrk or wrk2 printed`,
  );
}

function sizeOf(path: string): number {
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new ImportFault(`${path}: it is no file; give the file that the tool wrote`);
    if (found.size === 0) throw new ImportFault(`${path}: it is empty; give the file that the tool wrote`);
    return found.size;
  } catch (cause) {
    throw readFault(path, cause);
  }
}

function readFault(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause)) return cause;
  return cause.code === 'ENOENT'
    ? new ImportFault(`${path}: there is no such file; check its name`, { cause })
    : new ImportFault(`${path}: it cannot be read (${String(cause.code)}); check its permissions`, { cause });
}

async function beginningOf(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw readFault(path, cause);
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** What no output of another tool has, whatever the tool. */
function limitsOf({ latency, timedFrom, model, tool }: ToolOutput): string[] {
  return [
    ...(latency.kind === 'histogram'
      ? []
      : [
          latency.kind === 'buckets'
            ? 'no full histogram: only counts in wide buckets are known'
            : 'no full histogram: only the percentiles that were printed are known',
        ]),
    ...(timedFrom === 'send' && model !== 'open'
      ? [
          `${model === null ? 'latency' : 'a closed loop’s latency'} is timed from the send: what a stall kept from being sent in time is missing, and tails look kinder than under meshmark’s open load`,
        ]
      : []),
    'no blocks: it was measured by itself and not in turns with another variant, so that there is no interval and never a verdict',
    'no CPU, allocation or garbage collection of the data plane',
    'no counter of the data plane shows that it did what its name says',
    `the machine is not known: ${tool} does not describe it, so that no ratio to another run means anything`,
  ];
}
