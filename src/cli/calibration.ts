/** The noise floor of a machine: measured by `calibrate`, kept per fingerprint, used by later gates. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type NoiseFloor, noiseFloor } from '../record/index.js';
import type { JudgedRun } from './judge.js';

const floorSchema = noiseFloor.extend({
  schema: z.literal('meshmark.floor/1'),
  fingerprint: z.string(),
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
});
export type Floor = z.infer<typeof floorSchema>;

/**
 * The interval's half width decides at the chosen confidence; to be found in 80 % of runs a change must exceed it by
 * another 0.84 standard errors, which beside a 99 % half width is about a third more.
 */
const POWER_FACTOR = 4 / 3;

/** The floor that an A/A run shows, or null when it has no valid figure. */
export function floorOf(judged: JudgedRun, seconds: number): Floor | null {
  const effect = judged.analysis.effects.find((one) => one.metric === 'cpu.per_request');
  if (effect === undefined || effect.ratio === null || effect.low === null || effect.high === null)
    return null;
  if (judged.analysis.validity.status === 'invalid') return null;
  const halfWidth = Math.sqrt(effect.high / effect.low) - 1;
  return {
    schema: 'meshmark.floor/1',
    fingerprint: judged.run.machine.fingerprint,
    createdAt: new Date().toISOString(),
    seconds,
    ratio: effect.ratio,
    low: effect.low,
    high: effect.high,
    smallestDecidable: halfWidth * POWER_FACTOR,
  };
}

function floorPath(fingerprint: string): string {
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state');
  return join(state, 'meshmark', 'calibration', `${fingerprint}.json`);
}

/** Keeps a floor for its machine, over an older one. Returns the path. */
export function saveFloor(floor: Floor): string {
  const path = floorPath(floor.fingerprint);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(floor, null, 2)}\n`);
  return path;
}

/** The floor kept for a machine, or null when it has none that can be read. */
export function loadFloor(fingerprint: string): NoiseFloor | null {
  try {
    return noiseFloor.parse(JSON.parse(readFileSync(floorPath(fingerprint), 'utf8')));
  } catch {
    return null;
  }
}
