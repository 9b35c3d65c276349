/**
 * What a QuickAssist device's firmware counts of itself: a table with a line for each acceleration engine, as
 * `adf_fw_counters.c` of the kernel (6.6 and later) writes it:
 *
 *     AE           Requests        Responses
 *      0:             1200             1200
 */
import { readFileSync } from 'node:fs';

export interface EngineCounters {
  readonly engine: number;
  readonly requests: number;
  readonly responses: number;
}

/** The counters by engine. Throws SyntaxError when the text is no such table. */
export function parseFirmwareCounters(text: string): readonly EngineCounters[] {
  const [head = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  if (!/^AE\s+Requests\s+Responses\s*$/.test(head)) {
    throw new SyntaxError(`no table of firmware counters: ${JSON.stringify(head.slice(0, 80))}`);
  }
  return lines.map((line) => {
    const match = /^\s*(\d+):\s+(\d+)\s+(\d+)\s*$/.exec(line);
    if (match === null)
      throw new SyntaxError(`no line of firmware counters: ${JSON.stringify(line.slice(0, 80))}`);
    return { engine: Number(match[1]), requests: Number(match[2]), responses: Number(match[3]) };
  });
}

/** Requests that the devices behind `files` have served since they came up; null when one cannot be read. */
export function firmwareRequests(files: readonly string[]): number | null {
  if (files.length === 0) return null;
  try {
    return files
      .flatMap((file) => parseFirmwareCounters(readFileSync(file, 'utf8')))
      .reduce((sum, { responses }) => sum + responses, 0);
  } catch {
    return null;
  }
}
