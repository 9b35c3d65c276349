/** `meshmark sweep` and `meshmark search`: a scenario's variants under rates that are not the scenario's. */
import { type Plan, withSteps } from '../plan/index.js';
import type { Objective, PlannedSteps } from '../record/index.js';
import { nextRate, type RateOutcome, stepOutcome } from '../stats/index.js';
import { withBuilt } from './against/build.js';
import { interruptSignal } from './interrupt.js';
import { type JudgedRun, judge } from './judge.js';
import { parseObjective } from './objective.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { performRun } from './perform-run.js';
import { watching } from './progress.js';
import { writeReports } from './reports.js';
import { runDirectory } from './run-folder.js';
import { planFile } from './scenario-file.js';
import { objectiveInWords } from './step-summary.js';
import { resultJson, summaryLines } from './summary.js';
import type { Terminal } from './terminal.js';

interface StepOptions {
  readonly out?: string;
  readonly seed?: number;
  readonly slice: number;
  readonly variant?: readonly string[];
  readonly json?: boolean;
}

export interface SweepOptions extends StepOptions {
  /** Requests per second, one after another. */
  readonly rates?: readonly number[];
  readonly from?: number;
  readonly to?: number;
  readonly steps: number;
  readonly blocks: number;
}

export interface SearchOptions extends StepOptions {
  readonly slo: readonly string[];
  readonly from?: number;
  /** Ends of the interval may differ by this share. */
  readonly precision: number;
  readonly budget: number;
}

const WARMUP_MS = 300;
/** Where neither the command nor the scenario says a rate to start from. */
const USUAL_START = 100;
/** A search that has not settled by then will not for more steps. */
const MOST_STEPS = 60;

/** Measures every variant at every rate and prints the curves. Ctrl-C keeps what was measured. */
export async function sweepCommand(
  terminal: Terminal,
  scenario: string,
  options: SweepOptions,
): Promise<ExitCode> {
  const plan = planOf(scenario, options);
  const ratesPerSecond = ratesOf(options);
  const stepped = stepsIn(scenario, plan, {
    steps: { type: 'sweep', ratesPerSecond: [...ratesPerSecond] },
    rounds: options.blocks,
    budgetMs: null,
    durationMs: options.slice,
  });
  const rates = `${ratesPerSecond.length} ${ratesPerSecond.length === 1 ? 'rate' : 'rates'}`;
  const judged = await performSteps(
    terminal,
    scenario,
    stepped,
    options,
    'sweep',
    `${rates}, ${options.blocks} blocks`,
  );
  return endOf(
    terminal,
    judged,
    options,
    judged.analysis.validity.status === 'invalid' ? EXIT.noVerdict : EXIT.passed,
  );
}

/** Finds the highest rate at which each variant keeps to the objective, and what that costs. Ctrl-C keeps what was measured. */
export async function searchCommand(
  terminal: Terminal,
  scenario: string,
  options: SearchOptions,
): Promise<ExitCode> {
  const plan = planOf(scenario, options);
  const objective = objectiveOf(options.slo);
  const { load } = plan;
  const scenarioRate = load.driver === 'loadgen' && load.model === 'open' ? load.ratePerSecond : null;
  const startRatePerSecond = options.from ?? scenarioRate ?? USUAL_START;
  const settings = { startRatePerSecond, precision: options.precision };
  const stepped = stepsIn(scenario, plan, {
    steps: { type: 'search', objective, ...settings },
    rounds: MOST_STEPS,
    budgetMs: options.budget,
    durationMs: options.slice,
  });
  const outcomes = new Map<string, RateOutcome[]>();
  const what = `${objectiveInWords(objective)}, from ${startRatePerSecond}/s, at most ${options.budget / 1000} s`;
  const judged = await performSteps(terminal, scenario, stepped, options, 'search', what, {
    nextRate: (variant) => nextRate(outcomes.get(variant) ?? [], settings),
    onStep: (step) => {
      const outcome = stepOutcome(step, objective);
      const ratePerSecond = step.offeredRatePerSecond;
      outcomes.set(step.variant, [...(outcomes.get(step.variant) ?? []), { ratePerSecond, outcome }]);
    },
  });
  const results = judged.analysis.sloResults ?? [];
  const known = results.length > 0 && results.every(({ settled }) => settled);
  return endOf(
    terminal,
    judged,
    options,
    known && judged.analysis.validity.status !== 'invalid' ? EXIT.passed : EXIT.noVerdict,
  );
}

function planOf(scenario: string, options: StepOptions): Plan {
  if (options.slice < 1000) {
    throw new UsageFault([
      `--slice ${options.slice}ms: a step must last at least 1 s, for a latency percentile needs a steady state`,
    ]);
  }
  return planFile(scenario, {
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.variant === undefined ? {} : { variants: options.variant }),
  });
}

function stepsIn(
  scenario: string,
  plan: Plan,
  options: {
    readonly steps: PlannedSteps;
    readonly rounds: number;
    readonly budgetMs: number | null;
    readonly durationMs: number;
  },
): Plan {
  const stepped = withSteps(plan, { ...options, warmupMs: WARMUP_MS });
  if (!stepped.ok) throw new UsageFault(stepped.faults.map((fault) => `${scenario}:1:1 ${fault}`));
  return stepped.plan;
}

function objectiveOf(texts: readonly string[]): Objective {
  try {
    return parseObjective(texts);
  } catch (fault) {
    if (fault instanceof RangeError) throw new UsageFault([fault.message]);
    throw fault;
  }
}

/** The rates given, or as many as asked between two ends, each the same factor above the last. */
function ratesOf({ rates, from, to, steps }: SweepOptions): readonly number[] {
  if (rates !== undefined && rates.length > 0) {
    if (from !== undefined || to !== undefined) {
      throw new UsageFault(['give either `--rates 500,1000,2000` or `--from 500/s --to 2000/s`, not both']);
    }
    return [...new Set(rates)].sort((a, b) => a - b);
  }
  if (from === undefined || to === undefined || from >= to) {
    throw new UsageFault([
      'which rates? Give `--rates 500,1000,2000`, or `--from 500/s --to 2000/s` with the lower one first',
    ]);
  }
  const factor = (to / from) ** (1 / (steps - 1));
  // Three digits are rate enough, and read better.
  return Array.from({ length: steps }, (_, step) => Number((from * factor ** step).toPrecision(3)));
}

async function performSteps(
  terminal: Terminal,
  scenario: string,
  plan: Plan,
  options: StepOptions,
  word: 'sweep' | 'search',
  what: string,
  search?: {
    readonly nextRate: (variant: string) => number | null;
    readonly onStep: (step: Parameters<typeof stepOutcome>[0]) => void;
  },
): Promise<JudgedRun & { readonly directory: string; readonly report: string }> {
  const directory = runDirectory(options.out, plan.scenario.name, new Date());
  const { length } = plan.variants;
  terminal.note(
    `${length} ${length === 1 ? 'variant' : 'variants'}, ${what}, about ${plan.estimatedSeconds.toFixed(0)} s, seed ${plan.schedule.seed} → ${directory}`,
  );
  const { signal, release } = interruptSignal(terminal);
  const view = watching(terminal, plan);
  try {
    const stored = await withBuilt(plan, null, { note: terminal.note, signal }, (built) =>
      performRun({
        ...built,
        directory,
        command: ['npx', 'meshmark', word, scenario, ...process.argv.slice(4)],
        floor: null,
        signal,
        ...view,
        onProgress: (event) => {
          if (event.type === 'step') search?.onStep(event.step);
          view.onProgress(event);
        },
        ...(search === undefined ? {} : { nextRate: search.nextRate }),
      }),
    );
    const judged = judge(stored);
    return { ...judged, directory, report: await writeReports(directory, judged) };
  } finally {
    release();
  }
}

function endOf(
  terminal: Terminal,
  judged: JudgedRun & { readonly directory: string; readonly report: string },
  options: StepOptions,
  exitCode: ExitCode,
): ExitCode {
  const code = judged.run.state === 'interrupted' ? EXIT.interrupted : exitCode;
  if (options.json === true) {
    terminal.print(JSON.stringify(resultJson(judged.directory, judged, code), null, 2));
  } else {
    for (const line of summaryLines(judged, terminal.paint)) terminal.print(line);
    terminal.print(`Report: ${judged.report}`);
  }
  return code;
}
