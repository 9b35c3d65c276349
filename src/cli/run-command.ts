/** `meshmark run`: the main job. */
import { readMachine } from '../probes/index.js';
import type { NoiseFloor } from '../record/index.js';
import { loadFloor } from './calibration.js';
import { interruptSignal } from './interrupt.js';
import { gateExitCode, judge } from './judge.js';
import { EXIT, type ExitCode } from './outcome.js';
import { performRun } from './perform-run.js';
import { createProgressView, type ProgressView } from './progress.js';
import { writeReports } from './reports.js';
import { runDirectory } from './run-folder.js';
import { planFile } from './scenario-file.js';
import { resultJson, summaryLines } from './summary.js';
import type { Terminal } from './terminal.js';

export interface RunOptions {
  readonly out?: string;
  readonly seed?: number;
  readonly blocks?: number;
  readonly slice?: number;
  readonly variant?: readonly string[];
  readonly json?: boolean;
  readonly failOn: string;
  readonly cluster?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly image?: string;
  readonly allowPrivileged?: boolean;
}

/** Options that say where variants stand, by the scenario's own names. */
const CLUSTER_OPTIONS = {
  cluster: 'provider',
  context: 'context',
  kubeconfig: 'kubeconfig',
  namespace: 'namespace',
  image: 'image',
} as const;

function clusterOptions(options: RunOptions): Record<string, string> {
  return Object.fromEntries(
    Object.entries(CLUSTER_OPTIONS).flatMap(([option, field]) => {
      const value = options[option as keyof typeof CLUSTER_OPTIONS];
      return value === undefined ? [] : [[field, value]];
    }),
  );
}

/** Runs a scenario, writes its folder and prints the verdicts. Ctrl-C keeps what was measured and exits 130. */
export async function runCommand(
  terminal: Terminal,
  scenario: string,
  options: RunOptions,
): Promise<ExitCode> {
  const plan = planFile(scenario, {
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.blocks === undefined ? {} : { blocks: options.blocks }),
    ...(options.slice === undefined ? {} : { sliceMs: options.slice }),
    ...(options.variant === undefined ? {} : { variants: options.variant }),
    cluster: clusterOptions(options),
  });
  const directory = runDirectory(options.out, plan.scenario.name, new Date());
  const { rounds, seed } = plan.schedule;
  terminal.note(
    `${plan.variants.length} ${plan.variants.length === 1 ? 'variant' : 'variants'}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, about ${plan.estimatedSeconds.toFixed(0)} s, seed ${seed} → ${directory}`,
  );

  const floor = loadFloor(readMachine(null, {}).fingerprint);
  if (floor !== null) terminal.note(floorNote(floor, plan.estimatedSeconds));

  let view: ProgressView | null = null;
  const { signal, release } = interruptSignal(terminal);
  try {
    const stored = await performRun({
      plan,
      directory,
      command: repeatCommand(scenario, options, seed),
      floor,
      signal,
      allowPrivileged: options.allowPrivileged === true,
      onStanding: (roles) => {
        view = createProgressView(terminal, plan.estimatedSeconds, roles, () => performance.now());
      },
      onProgress: (event) => view?.onProgress(event),
    });
    const judged = judge(stored);
    const report = await writeReports(directory, judged);
    if (options.json === true) {
      terminal.print(
        JSON.stringify(resultJson(directory, judged, gateExitCode(judged, options.failOn)), null, 2),
      );
    } else {
      for (const line of summaryLines(judged, terminal.paint)) terminal.print(line);
      terminal.print(`Report: ${report}`);
    }
    return stored.run.state === 'interrupted' ? EXIT.interrupted : gateExitCode(judged, options.failOn);
  } finally {
    release();
  }
}

/** What the machine's calibration lets a run of this length show. */
function floorNote(floor: NoiseFloor, seconds: number): string {
  const share = floor.smallestDecidable * Math.sqrt(floor.seconds / seconds);
  return `by its calibration this machine can show ≥ ${(share * 100).toFixed(1)} % CPU per request in ${seconds.toFixed(0)} s`;
}

function repeatCommand(scenario: string, options: RunOptions, seed: number): string[] {
  return [
    ...['npx', 'meshmark', 'run', scenario, '--seed', String(seed)],
    ...(options.blocks === undefined ? [] : ['--blocks', String(options.blocks)]),
    ...(options.slice === undefined ? [] : ['--slice', `${options.slice}ms`]),
    ...(options.variant === undefined ? [] : ['--variant', ...options.variant]),
    ...Object.keys(CLUSTER_OPTIONS).flatMap((option) => {
      const value = options[option as keyof typeof CLUSTER_OPTIONS];
      return value === undefined ? [] : [`--${option}`, value];
    }),
    ...(options.allowPrivileged === true ? ['--allow-privileged'] : []),
  ];
}
