/** The noise floor of a machine: measured by `calibrate`, kept per fingerprint and shape, used by later runs and gates. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { duration, POWER_FACTOR } from '../gate/index.js';
import type { Plan } from '../plan/index.js';
import {
  type Analysis,
  type GateRule,
  METRICS,
  type MetricName,
  type NoiseFloor,
  noiseFloor,
  type Pair,
  type RunRecord,
  type SliceRecord,
} from '../record/index.js';
import { varianceSplitOf } from '../stats/index.js';

const floorSchema = noiseFloor.extend({
  schema: z.literal('meshmark.floor/1'),
  fingerprint: z.string(),
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
  /** Shares of the noise, where short slices tell it; see `varianceSplitOf`. */
  noise: z.object({ restart: z.number(), stretch: z.number(), slice: z.number() }).nullable().default(null),
});
export type Floor = z.infer<typeof floorSchema>;

/** The floor that an A/A run shows, or null when it has no valid figure of CPU per request. */
export function floorOf(
  {
    run,
    analysis,
    slices,
  }: { readonly run: RunRecord; readonly analysis: Analysis; readonly slices: readonly SliceRecord[] },
  seconds: number,
  scenario: string | null,
): Floor | null {
  if (analysis.validity.status === 'invalid') return null;
  const gated = analysis.effects.filter((effect) => effect.gated);
  const cpu = gated.find(({ metric }) => metric === 'cpu.per_request');
  if (cpu === undefined || cpu.ratio === null || cpu.low === null || cpu.high === null) return null;
  const metrics = gated.flatMap(({ metric, low, high }) =>
    low === null || high === null || low <= 0 ? [] : [[metric, decidable(low, high)] as const],
  );
  return {
    schema: 'meshmark.floor/1',
    fingerprint: run.machine.fingerprint,
    createdAt: new Date().toISOString(),
    seconds,
    ratio: cpu.ratio,
    low: cpu.low,
    high: cpu.high,
    smallestDecidable: decidable(cpu.low, cpu.high),
    noise: noiseOf(run, slices, cpu),
    ...(scenario === null ? {} : { scenario, metrics: Object.fromEntries(metrics) }),
  };
}

function noiseOf({ variants }: RunRecord, slices: readonly SliceRecord[], { candidate, baseline }: Pair) {
  const [one, other] = [candidate, baseline].map((id) => variants.find((variant) => variant.id === id));
  return one === undefined || other === undefined ? null : varianceSplitOf(slices, one, other);
}

/** The interval's half width decides at the chosen confidence; to be found in most runs a change must exceed it. */
function decidable(low: number, high: number): number {
  return (Math.sqrt(high / low) - 1) * POWER_FACTOR;
}

/** The smallest relative change that a run as long as the calibration shows, by metric. */
export function decidableOf(floor: NoiseFloor): Partial<Record<MetricName, number>> {
  return { 'cpu.per_request': floor.smallestDecidable, ...floor.metrics };
}

/**
 * What the noise of a scenario follows from, shortened: its traffic, path, slices and the variant that it measures from.
 * Scenarios of one shape share a calibration.
 */
export function shapeOf({ workload, load, topology, policy, schedule, variants, analysis }: Plan): string {
  const { micro, long } = schedule;
  const baseline = variants.find(({ id }) => id === analysis.baseline)?.form ?? null;
  const told = JSON.stringify([workload, load, topology, policy, micro, long, baseline, analysis.confidence]);
  return createHash('sha256').update(told).digest('hex').slice(0, 12);
}

function floorPath(fingerprint: string, shape: string | null): string {
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state');
  const name = shape === null ? fingerprint : `${fingerprint}-${shape}`;
  return join(state, 'meshmark', 'calibration', `${name}.json`);
}

/** Keeps a floor for its machine and shape, over an older one; a shape of null is for all scenarios. Returns the path. */
export function saveFloor(floor: Floor, shape: string | null): string {
  const path = floorPath(floor.fingerprint, shape);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(floor, null, 2)}\n`);
  return path;
}

/** The floor kept for a machine and a scenario's shape, else that for all; null when there is none that can be read. */
export function loadFloor(fingerprint: string, shape: string): NoiseFloor | null {
  return readFloor(floorPath(fingerprint, shape)) ?? readFloor(floorPath(fingerprint, null));
}

function readFloor(path: string): NoiseFloor | null {
  try {
    return noiseFloor.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}

/**
 * What a machine's calibration lets a run of so many seconds show, a line for each gated metric that it knows, and which of
 * the gate's limits are finer than that.
 */
export function floorLines(floor: NoiseFloor, gate: readonly GateRule[], seconds: number): string[] {
  const decidables = Object.entries(decidableOf(floor)) as [MetricName, number][];
  const asked = gate.length === 0 ? ['cpu.per_request'] : gate.map(({ metric }) => metric);
  const by = floor.scenario === undefined ? 'plain against itself' : `this scenario’s own traffic`;
  return decidables
    .filter(([metric]) => asked.includes(metric))
    .flatMap(([metric, share]) => {
      const now = share * Math.sqrt(floor.seconds / seconds);
      const limits = gate
        .filter((rule) => rule.metric === metric)
        .map(({ maxIncrease, maxDecrease }) => maxIncrease ?? maxDecrease ?? 0);
      const finest = Math.min(...limits);
      return [
        `by its calibration with ${by}, this machine can show ≥ ${percent(now)} ${METRICS[metric].label} in ${duration(seconds)}`,
        ...(finest > 0 && finest < now
          ? [
              `  which is coarser than the gate’s limit of ${percent(finest)}: that needs about ${duration(floor.seconds * (share / finest) ** 2)}`,
            ]
          : []),
      ];
    });
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
