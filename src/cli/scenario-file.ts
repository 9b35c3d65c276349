/** From a path on the command line to a plan, or to faults that name file, line and column. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Against, type Plan, planScenario } from '../plan/index.js';
import { formatFault, parseScenario } from '../scenario/index.js';
import { bodiesBeside } from './body-files.js';
import { UsageFault } from './outcome.js';

export interface PlanOverrides {
  readonly seed?: number;
  readonly blocks?: number;
  readonly sliceMs?: number;
  readonly variants?: readonly string[];
  readonly earlyStop?: boolean;
  readonly confirm?: boolean;
  /** Compares variants with themselves as another commit has them. */
  readonly against?: Against;
  /** What the command line says of `cluster`, over what the scenario does. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** Whether it is only to be printed, which k6 on a cluster can be. */
  readonly toPrint?: boolean;
}

/** Reads, validates and plans a scenario. Throws UsageFault with every fault at once. */
export function planFile(path: string, overrides: PlanOverrides = {}): Plan {
  return planText(readScenario(path), path, overrides);
}

/** Validates and plans a scenario's text; `path` is what faults name. Throws UsageFault. */
export function planText(text: string, path: string, overrides: PlanOverrides = {}): Plan {
  const parsed = parseScenario(text, path, {
    readBody: bodiesBeside(path),
    isFile: (file) => statSync(resolve(dirname(path), file), { throwIfNoEntry: false })?.isFile() === true,
    ...(overrides.cluster === undefined ? {} : { cluster: overrides.cluster }),
  });
  if (!parsed.ok) throw new UsageFault(parsed.faults.map(formatFault));
  const planned = planScenario(parsed.scenario, { path, text, overrides });
  if (!planned.ok) throw new UsageFault(planned.faults.map((fault) => `${path}:1:1 ${fault}`));
  const { plan } = planned;
  if (plan.cluster.provider === 'kubernetes' && plan.load.driver === 'k6' && overrides.toPrint !== true) {
    throw new UsageFault([
      `${path}:1:1 pods have meshmark’s own load generator only; use \`load.driver: loadgen\`, or \`meshmark run ${path} --cluster kubernetes --print\` for a manifest that the k6 operator runs`,
    ]);
  }
  return plan;
}

function readScenario(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT')
      throw new UsageFault([`${path}: there is no such scenario; ready ones are in scenarios/`]);
    if (code === 'EISDIR') throw new UsageFault([`${path}: is a folder; name a scenario file in it`]);
    throw new UsageFault([`${path}: cannot be read (${code ?? String(cause)})`]);
  }
}
