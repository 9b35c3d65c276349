/** `meshmark calibrate`: what this machine can tell apart, measured by comparing plain with itself. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { againstItself } from '../plan/index.js';
import { type Floor, floorOf, saveFloor, shapeOf } from './calibration.js';
import { judge } from './judge.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { performRun } from './perform-run.js';
import { watching } from './progress.js';
import { newRunId } from './run-folder.js';
import { planFile, planText } from './scenario-file.js';
import type { Terminal } from './terminal.js';

export interface CalibrateOptions {
  readonly time: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Seconds that a round of two variants takes, processes started anew included. */
const SECONDS_PER_ROUND = 3.2;
const FEWEST_ROUNDS = 8;

/** The A/A scenario, with as many rounds as fit the time. */
function scenarioText(timeMs: number): string {
  const rounds = Math.max(FEWEST_ROUNDS, Math.floor(timeMs / 1000 / SECONDS_PER_ROUND));
  return `schema: meshmark.scenario/1
name: calibrate
workload: {protocol: http1, responseBytes: 4KiB, connections: 8}
slices: {blocks: ${rounds}, replicas: ${rounds}, micro: {requests: 200, warmup: 60, perRound: 2s}}
variants:
  - {id: plain}
  - {id: plain-again, kind: plain}
baseline: plain
gate: [{metric: cpu.per_request, maxIncrease: 5%}]
`;
}

function ownPlan(options: CalibrateOptions) {
  const plan = planText(scenarioText(options.time), 'calibrate', { seed: options.seed, earlyStop: false });
  return { plan, shape: null };
}

/** A scenario's own traffic and slices, with its baseline beside itself. Throws UsageFault. */
function planOfScenario(path: string, options: CalibrateOptions) {
  const asked = planFile(path, { seed: options.seed, earlyStop: false, confirm: false });
  const planned = againstItself(asked, options.time);
  if (!planned.ok) throw new UsageFault(planned.faults.map((fault) => `${path}:1:1 ${fault}`));
  return { plan: planned.plan, shape: shapeOf(asked) };
}

/** Measures the floor, keeps it for this machine, and for scenarios like one that is named, and prints it. Exit 3 when the A/A run was not valid. */
export async function calibrateCommand(
  terminal: Terminal,
  scenario: string | undefined,
  options: CalibrateOptions,
): Promise<ExitCode> {
  const { plan, shape } = scenario === undefined ? ownPlan(options) : planOfScenario(scenario, options);
  const [subject] = plan.variants;
  const directory = join(tmpdir(), newRunId('meshmark-calibrate', new Date()));
  terminal.note(
    `${subject?.id} against itself, ${plan.schedule.rounds} rounds, about ${plan.estimatedSeconds.toFixed(0)} s`,
  );
  const controller = new AbortController();
  const onInterrupt = () => controller.abort();
  process.once('SIGINT', onInterrupt);
  try {
    const started = performance.now();
    const stored = await performRun({
      plan,
      directory,
      command: [
        'npx',
        'meshmark',
        'calibrate',
        ...(scenario === undefined ? [] : [scenario]),
        '--time',
        `${options.time}ms`,
        '--seed',
        String(options.seed),
      ],
      floor: null,
      signal: controller.signal,
      ...watching(terminal, plan),
    });
    const seconds = (performance.now() - started) / 1000;
    if (stored.run.state === 'interrupted') return EXIT.interrupted;
    const floor = floorOf(judge(stored), seconds, shape === null ? null : plan.scenario.name);
    if (floor === null) {
      terminal.note('the run of a variant against itself gave no valid figure: nothing was kept');
      return EXIT.noVerdict;
    }
    const path = saveFloor(floor, shape);
    if (options.json === true) terminal.print(JSON.stringify({ ...floor, path }, null, 2));
    else for (const line of keptLines(floor, subject?.id ?? '', path)) terminal.print(line);
    return EXIT.passed;
  } finally {
    process.off('SIGINT', onInterrupt);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What narrows an interval soonest, by where its noise comes from. */
function mend({ restart, stretch, slice }: NonNullable<Floor['noise']>): string {
  return restart > stretch + slice
    ? 'more sets of fresh processes narrow an interval most'
    : 'more time narrows an interval, in longer rounds or more of them alike';
}

function keptLines(floor: Floor, subject: string, path: string): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return [
    `${subject} against itself: ${percent(floor.ratio - 1)} [${percent(floor.low - 1)}, ${percent(floor.high - 1)}] CPU per request`,
    `this machine can show a change of ${percent(floor.smallestDecidable)} in ${floor.seconds.toFixed(0)} s, ` +
      `and about ${percent(floor.smallestDecidable / 2)} in four times as long`,
    ...(floor.noise === null
      ? []
      : [
          `its noise comes ${percent(floor.noise.restart)} from starts of processes, ${percent(floor.noise.stretch)} from stretches of a round, ${percent(floor.noise.slice)} from single slices: ${mend(floor.noise)}`,
        ]),
    `kept in ${path}`,
  ];
}
