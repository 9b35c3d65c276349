/** `meshmark run`: the main job. */

import type { Plan } from '../plan/index.js';
import { readMachine } from '../probes/index.js';
import { comparedWith, withBuilt } from './against/build.js';
import { floorLines, loadFloor, shapeOf } from './calibration.js';
import { confirmed } from './confirm-run.js';
import { interruptSignal } from './interrupt.js';
import { gateExitCode, judge } from './judge.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { performRun } from './perform-run.js';
import { manifestsOf } from './print-manifests.js';
import { watching } from './progress.js';
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
  /** False where the command line says so. */
  readonly earlyStop?: boolean;
  readonly confirm?: boolean;
  readonly variant?: readonly string[];
  readonly json?: boolean;
  readonly failOn: string;
  readonly cluster?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly image?: string;
  readonly allowPrivileged?: boolean;
  readonly against?: string;
  /** Whether a scenario without a gate is refused. */
  readonly gateNeeded?: boolean;
  readonly print?: boolean;
  readonly target?: string;
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
  const compared = options.against === undefined ? null : comparedWith(options.against, scenario);
  const plan = planFile(scenario, {
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.blocks === undefined ? {} : { blocks: options.blocks }),
    ...(options.slice === undefined ? {} : { sliceMs: options.slice }),
    ...(options.variant === undefined ? {} : { variants: options.variant }),
    ...(options.earlyStop === false ? { earlyStop: false } : {}),
    ...(options.confirm === false ? { confirm: false } : {}),
    ...(compared === null ? {} : { against: compared.plan }),
    cluster: clusterOptions(options),
    toPrint: options.print === true,
  });
  refuseWhatCannotBeBuilt(plan, options);
  if (options.gateNeeded === true && plan.analysis.gate.length === 0) {
    throw new UsageFault([
      `${scenario}:1:1 has no \`gate\` for what is compared, so that nothing could fail; add one, such as \`gate: [{metric: cpu.per_request, maxIncrease: 5%}]\``,
    ]);
  }
  if (options.print === true) {
    terminal.print(manifestsOf(plan, options.target, new Date()));
    return EXIT.passed;
  }
  if (options.target !== undefined) throw new UsageFault(['`--target` says what `--print` is to write']);
  const directory = runDirectory(options.out, plan.scenario.name, new Date());
  const { rounds, seed } = plan.schedule;
  terminal.note(
    `${plan.variants.length} ${plan.variants.length === 1 ? 'variant' : 'variants'}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, about ${plan.estimatedSeconds.toFixed(0)} s, seed ${seed} → ${directory}`,
  );

  const floor = loadFloor(readMachine(null, {}).fingerprint, shapeOf(plan));
  if (floor !== null) {
    for (const line of floorLines(floor, plan.analysis.gate, plan.estimatedSeconds)) terminal.note(line);
  }

  const { signal, release } = interruptSignal(terminal);
  try {
    const judged = await withBuilt(plan, compared, { note: terminal.note, signal }, async (built) => {
      const asked = {
        ...built,
        directory,
        command: repeatCommand(scenario, options, seed),
        floor,
        signal,
        allowPrivileged: options.allowPrivileged === true,
      };
      const stored = await performRun({ ...asked, ...watching(terminal, built.plan) });
      return await confirmed(terminal, asked, judge(stored));
    });
    const report = await writeReports(directory, judged);
    if (options.json === true) {
      terminal.print(
        JSON.stringify(resultJson(directory, judged, gateExitCode(judged, options.failOn)), null, 2),
      );
    } else {
      for (const line of summaryLines(judged, terminal.paint)) terminal.print(line);
      terminal.print(`Report: ${report}`);
    }
    const { state, confirmation } = judged.run;
    return state === 'interrupted' || confirmation?.ending?.why === 'interrupted'
      ? EXIT.interrupted
      : gateExitCode(judged, options.failOn);
  } finally {
    release();
  }
}

/** Throws UsageFault where a variant would have to be built for pods, whose programs come from an image. */
function refuseWhatCannotBeBuilt(plan: Plan, { against }: RunOptions): void {
  if (plan.cluster.provider === 'local' || against === undefined) return;
  throw new UsageFault([
    `--against ${against}: both versions are built and run on this machine; use \`--cluster local\``,
  ]);
}

function repeatCommand(scenario: string, options: RunOptions, seed: number): string[] {
  return [
    ...['npx', 'meshmark', 'run', scenario, '--seed', String(seed)],
    ...(options.blocks === undefined ? [] : ['--blocks', String(options.blocks)]),
    ...(options.slice === undefined ? [] : ['--slice', `${options.slice}ms`]),
    ...(options.against === undefined ? [] : ['--against', options.against]),
    ...(options.variant === undefined ? [] : ['--variant', ...options.variant]),
    ...(options.earlyStop === false ? ['--no-early-stop'] : []),
    ...(options.confirm === false ? ['--no-confirm'] : []),
    ...Object.keys(CLUSTER_OPTIONS).flatMap((option) => {
      const value = options[option as keyof typeof CLUSTER_OPTIONS];
      return value === undefined ? [] : [`--${option}`, value];
    }),
    ...(options.allowPrivileged === true ? ['--allow-privileged'] : []),
  ];
}
