/** Planting a regression of a known size: CPU burnt per request in the first sidecar. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../command-line.js';
import { effectOf, runOnce } from './repeated-runs.js';

const template = readFileSync(join(checkout, 'scenarios', 'planted.yaml'), 'utf8');

/** `scenarios/planted.yaml` with this many microseconds burnt per request. */
export function burningScenario(burnMicros: number): string {
  const text = template.replace(/testBurnMicros: [\d.]+/, `testBurnMicros: ${burnMicros.toFixed(2)}`);
  if (!text.includes(burnMicros.toFixed(2)))
    throw new Error('scenarios/planted.yaml has no testBurnMicros to set');
  return text;
}

/** What is burnt in the trial, in µs: so that the sizes that proofs plant lie between the two. */
const LITTLE_MICROS = 1;
const MUCH_MICROS = 10;

/** To its end, whatever it finds: runs that end as soon as something is found find too much. */
const TRIAL = `schema: meshmark.scenario/1
name: planting
topology: {hops: 2}
workload: {protocol: http1, responseBytes: 4KiB, connections: 16}
slices: {blocks: 24, replicas: 24, budget: 120s, micro: {requests: 100, warmup: 30, perRound: 3s}}
variants:
  - {id: plain}
  - {id: little, kind: sidecar, options: {testBurnMicros: ${LITTLE_MICROS}}}
  - {id: much, kind: sidecar, options: {testBurnMicros: ${MUCH_MICROS}}}
baseline: plain
`;

/** What a trial found, in µs of CPU per request. */
export interface Planting {
  readonly plainMicros: number;
  /** By how much the two burns made a request dearer. */
  readonly littleMicros: number;
  readonly muchMicros: number;
}

/**
 * Measures by how much burns of two sizes make a request dearer here, in a run of two minutes. To burn at all costs something, and
 * a burn delays the requests behind it, which costs more than the burn: what is planted is to be the asked share of CPU and not
 * of intention.
 */
export async function measurePlanting(seed: number): Promise<Planting> {
  const { run } = await runOnce(TRIAL, seed);
  const plainMicros = run.analysis?.levels.find(
    (level) => level.variant === 'plain' && level.metric === 'cpu.per_request',
  )?.value;
  const dearer = (variant: string) => effectOf(run, 'cpu.per_request', variant).difference;
  const littleMicros = dearer('little');
  const muchMicros = dearer('much');
  if (plainMicros == null || littleMicros === null || muchMicros === null)
    throw new Error('the trial has no CPU per request');
  return { plainMicros, littleMicros, muchMicros };
}

/** What to burn for a share of plain's CPU per request, in µs. Throws RangeError for less than burning at all costs. */
export function burnFor({ plainMicros, littleMicros, muchMicros }: Planting, percent: number): number {
  if (percent === 0) return 0;
  const perBurnt = (muchMicros - littleMicros) / (MUCH_MICROS - LITTLE_MICROS);
  const burnMicros = LITTLE_MICROS + ((plainMicros * percent) / 100 - littleMicros) / perBurnt;
  if (!(burnMicros > 0)) {
    throw new RangeError(
      `burning anything makes a request more than ${percent} % dearer here: plant more (${plantingText({ plainMicros, littleMicros, muchMicros })})`,
    );
  }
  return burnMicros;
}

/** A trial in words, and as the option that tells it to another series. */
export function plantingText({ plainMicros, littleMicros, muchMicros }: Planting): string {
  return `plain costs ${plainMicros.toFixed(1)} µs per request; burning ${LITTLE_MICROS} µs makes it ${littleMicros.toFixed(2)} µs dearer and ${MUCH_MICROS} µs ${muchMicros.toFixed(2)} µs: --planting ${[plainMicros, littleMicros, muchMicros].map((micros) => micros.toFixed(2)).join(',')}`;
}
