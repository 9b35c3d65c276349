/** Load drivers of others: what a plan asks of them, and what the record says of them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileDigest, findProgram } from '../host/index.js';
import type { K6Driver, K6Load } from '../load/index.js';
import type { Plan } from '../plan/index.js';
import type { RunRecord } from '../record/index.js';
import { grpcMethodOf } from '../runner/index.js';

/** What k6's slices send. A cross-check is a closed loop, whatever the scenario's own load is. */
export function k6LoadOf(plan: Plan): K6Load {
  const { load, workload } = plan;
  return {
    protocol: workload.protocol === 'grpc' ? 'grpc' : 'http1',
    grpcMethod: grpcMethodOf(workload),
    connections: workload.connections,
    connectionPerRequest: workload.connectionPerRequest,
    timeoutMs: workload.timeoutMs,
    ratePerSecond: load.driver === 'k6' && load.model === 'open' ? load.ratePerSecond : null,
    fromRatePerSecond:
      load.driver === 'k6' && load.model === 'open' && load.arrivals === 'ramp'
        ? load.fromRatePerSecond
        : null,
    script: scriptOf(plan),
  };
}

/** Absolute path of the user's own script, which the scenario names relative to itself; null where it names none. */
export function scriptOf({ load, scenario }: Plan): string | null {
  return load.driver === 'k6' && load.script !== null ? resolve(dirname(scenario.path), load.script) : null;
}

/** The part of the record that tells of k6; nothing where it takes no part. */
export function driversOf(k6: K6Driver | null, plan: Plan): Pick<RunRecord, 'drivers'> {
  if (k6 === null) return {};
  const path = scriptOf(plan);
  if (path === null) return { drivers: [{ name: 'k6', version: k6.version, script: null }] };
  const text = readFileSync(path, 'utf8');
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { drivers: [{ name: 'k6', version: k6.version, script: { path, sha256, text } }] };
}

/** SHA-256 of k6 by its name, where a plan has slices for it. */
export function driverDigests({ load, schedule }: Plan): Record<string, string> {
  const path = load.driver === 'k6' || schedule.crossCheck?.driver === 'k6' ? findProgram('k6') : null;
  return path === null ? {} : { k6: fileDigest(path) };
}
