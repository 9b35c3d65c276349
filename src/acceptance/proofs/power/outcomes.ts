/** What the runs of `npm run bench:power` came to, a line each, kept in the repository and told as a table. */
import { z } from 'zod';
import { keepLine, keptFile, machineShape, plantedShape, readKept } from './kept-lines.js';
import {
  grouped,
  inOrder,
  kindOf,
  machinesText,
  markdownTable,
  mean,
  meanChangeText,
  plantedText,
  shareText,
} from './telling.js';

const OUTCOMES_FILE = keptFile('outcomes.jsonl');

const outcomeLine = z.object({
  at: z.string(),
  meshmarkVersion: z.string(),
  machine: machineShape,
  planted: plantedShape,
  /** How long the decision was given: the run, and as long again for its confirmation, which only what was found needs. */
  seconds: z.number(),
  runSeconds: z.number(),
  /** The scenario's slices: how a round's time is spent. */
  slices: z.string(),
  /** What was burnt on each request, in µs. */
  burnMicros: z.number(),
  seed: z.int(),
  /** With its confirmation, where there was one. */
  wallSeconds: z.number(),
  rounds: z.int(),
  plannedRounds: z.int(),
  ratio: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** The one-sided level at which the run's own gate asks for a confirmation; earlier ones only where they failed. */
  suspectAt: z.number(),
  /** Whether it did. */
  suspected: z.boolean(),
  /**
   * True of a run on nothing that was judged again from its interval, by the level above. What was then suspected, and had not
   * been run again in its time, was run again later.
   */
  judgedAgain: z.boolean().optional(),
  /** What a confirmation's intervals hold with. */
  confirmConfidence: z.number(),
  /** Whether it failed on fresh processes: exit 1. */
  confirmed: z.boolean(),
});
export type PowerOutcome = z.infer<typeof outcomeLine>;

/** Keeps an outcome at once, so that a series that is cut short loses nothing. */
export function appendOutcome(outcome: PowerOutcome, file: string = OUTCOMES_FILE): void {
  keepLine(file, outcome);
}

/** Every outcome that was kept; none where there is no file. Throws ZodError for a line that is none. */
export function readOutcomes(file: string = OUTCOMES_FILE): PowerOutcome[] {
  return readKept(file, outcomeLine);
}

const HEAD = ['machine', 'planted', 'given', 'runs', 'suspected', 'confirmed', 'blocks used', 'mean change'];

/** A Markdown table: for each kind of machine, size and time the share of decisions that found it, with Wilson's 95 % interval. */
export function powerTable(outcomes: readonly PowerOutcome[]): string {
  const cells = grouped(
    [...outcomes].sort(inOrder),
    ({ machine, planted, seconds, suspectAt, confirmConfidence }) => [
      kindOf(machine),
      planted.what,
      planted.size,
      seconds,
      suspectAt,
      confirmConfidence,
    ],
  );
  return markdownTable(HEAD, cells.map(rowOf));
}

function rowOf(runs: readonly PowerOutcome[]): string[] {
  const [first] = runs;
  if (first === undefined) return [];
  const { planted, seconds, suspectAt, confirmConfidence } = first;
  return [
    machinesText(runs),
    plantedText(planted),
    `${seconds} s`,
    String(runs.length),
    `${shareText(runs.filter(({ suspected }) => suspected).length, runs.length)} at ${100 * suspectAt} %`,
    `${shareText(runs.filter(({ confirmed }) => confirmed).length, runs.length)} at ${100 * confirmConfidence} %`,
    `${Math.round(100 * mean(runs.map((run) => run.rounds / run.plannedRounds)))} %`,
    meanChangeText(runs.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]))),
  ];
}
