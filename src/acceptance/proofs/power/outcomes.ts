/** What the runs of `npm run bench:power` came to, a line each, kept in the repository and told as a table. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { wilson } from '../../../stats/index.js';
import { checkout } from '../../command-line.js';

/** Beside the source, so that outcomes of many machines and months add up. */
const OUTCOMES_FILE = join(checkout, 'src', 'acceptance', 'proofs', 'power', 'outcomes.jsonl');

const outcomeLine = z.object({
  at: z.string(),
  meshmarkVersion: z.string(),
  machine: z.object({
    fingerprint: z.string(),
    cpuModel: z.string(),
    cores: z.int(),
    kernel: z.string(),
    virtualised: z.string().nullable(),
  }),
  /** `cpu` in percent of plain's CPU per request, `latency` in µs; 0 is plain against itself. */
  planted: z.object({ what: z.enum(['cpu', 'latency']), size: z.number() }),
  /** How long the run was given. */
  seconds: z.number(),
  seed: z.int(),
  /** With its confirmation, where there was one. */
  wallSeconds: z.number(),
  rounds: z.int(),
  plannedRounds: z.int(),
  ratio: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Whether the run's own gate failed. */
  found: z.boolean(),
  /** Whether it failed again on fresh processes: exit 1. */
  confirmed: z.boolean(),
});
export type PowerOutcome = z.infer<typeof outcomeLine>;

/** Keeps an outcome at once, so that a series that is cut short loses nothing. */
export function appendOutcome(outcome: PowerOutcome, file: string = OUTCOMES_FILE): void {
  appendFileSync(file, `${JSON.stringify(outcome)}\n`);
}

/** Every outcome that was kept; none where there is no file. Throws ZodError for a line that is none. */
export function readOutcomes(file: string = OUTCOMES_FILE): PowerOutcome[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => outcomeLine.parse(JSON.parse(line)));
}

const HEAD = ['machine', 'planted', 'given', 'runs', 'found', 'confirmed', 'blocks used', 'mean change'];

/** A Markdown table: for each machine, size and time the share of runs that found it, with Wilson's 95 % interval. */
export function powerTable(outcomes: readonly PowerOutcome[]): string {
  const cells = new Map<string, PowerOutcome[]>();
  for (const outcome of outcomes) {
    const { machine, planted, seconds } = outcome;
    const key = JSON.stringify([machine.fingerprint, planted.what, planted.size, seconds]);
    cells.set(key, [...(cells.get(key) ?? []), outcome]);
  }
  const rows = [...cells.values()].sort(inOrder).map(rowOf);
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function inOrder([a]: readonly PowerOutcome[], [b]: readonly PowerOutcome[]): number {
  if (a === undefined || b === undefined) return 0;
  return (
    a.machine.fingerprint.localeCompare(b.machine.fingerprint) ||
    a.planted.what.localeCompare(b.planted.what) ||
    a.planted.size - b.planted.size ||
    a.seconds - b.seconds
  );
}

function rowOf(runs: readonly PowerOutcome[]): string[] {
  const [first] = runs;
  if (first === undefined) return [];
  const { machine, planted, seconds } = first;
  const changes = runs.flatMap(({ ratio }) => (ratio === null ? [] : [Math.log(ratio)]));
  const used = runs.reduce((sum, run) => sum + run.rounds / run.plannedRounds, 0) / runs.length;
  return [
    `${machine.fingerprint}: ${machine.cores} cores`,
    plantedText(planted),
    `${seconds} s`,
    String(runs.length),
    shareText(runs.filter(({ found }) => found).length, runs.length),
    shareText(runs.filter(({ confirmed }) => confirmed).length, runs.length),
    `${Math.round(100 * used)} %`,
    changes.length === 0 ? '–' : signedPercent(Math.exp(mean(changes))),
  ];
}

/** What was planted, in words; what is found of nothing is a false alarm. */
export function plantedText({ what, size }: PowerOutcome['planted']): string {
  if (size === 0) return `nothing (${what}): false alarms`;
  return what === 'cpu' ? `+${size} % CPU per request` : `+${size} µs latency`;
}

function shareText(times: number, runs: number): string {
  const { low, high } = wilson(times / runs, runs, 0.95);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return `${times} of ${runs}, ${percent(times / runs)} (${percent(low)} to ${percent(high)})`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function signedPercent(ratio: number): string {
  const percent = (ratio - 1) * 100;
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`;
}
