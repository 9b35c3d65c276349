/** Names of run folders and the files in them. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';

/** A name that sorts by time and does not clash: `2026-11-24T0012-quickstart-3f2a`. */
export function newRunId(scenarioName: string, now: Date): string {
  const time = now.toISOString().slice(0, 16).replace(':', '');
  const slug =
    scenarioName
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 40) || 'run';
  return `${time}-${slug}-${randomBytes(2).toString('hex')}`;
}

/** The folder a run goes to: `--out`, or a new one under `reports/` of the working directory. */
export function runDirectory(out: string | undefined, scenarioName: string, now: Date): string {
  return resolve(out ?? join('reports', newRunId(scenarioName, now)));
}
