/** `meshmark profile`: where one or two variants spend CPU and memory under a scenario's load. */
import { EnvironmentFault, findProgram, howToGet } from '../host/index.js';
import { type Plan, withoutClinic, withStacks } from '../plan/index.js';
import { perfSight } from '../probes/index.js';
import type { StoredRun } from '../record/index.js';
import { profileMovers } from '../report/index.js';
import type { ProgressEvent } from '../runner/index.js';
import { withBuilt } from './against/build.js';
import { interruptSignal } from './interrupt.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { performRun } from './perform-run.js';
import { writeProfile } from './reports.js';
import { runDirectory } from './run-folder.js';
import { planFile } from './scenario-file.js';
import { plainText, type Terminal } from './terminal.js';

export interface ProfileOptions {
  readonly variant: readonly string[];
  readonly rounds: number;
  /** Length of each look, in ms. */
  readonly slice: number;
  readonly perf?: boolean;
  readonly seed?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** Takes the profiles, writes profile.html and prints what they say. Ctrl-C keeps what was taken and exits 130. */
export async function profileCommand(
  terminal: Terminal,
  scenario: string,
  options: ProfileOptions,
): Promise<ExitCode> {
  const plan = withClinicHere(planOf(scenario, options), terminal);
  refuseWithoutPerf(plan);
  const { rounds } = plan.schedule;
  const directory = runDirectory(options.out, plan.scenario.name, new Date());
  terminal.note(
    `profiles of ${options.variant.join(' and ')}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, about ${plan.estimatedSeconds.toFixed(0)} s, seed ${plan.schedule.seed} → ${directory}`,
  );
  const { signal, release } = interruptSignal(terminal);
  try {
    const stored = await withBuilt(plan, null, { note: terminal.note, signal }, (built) =>
      performRun({
        ...built,
        directory,
        command: repeatCommand(scenario, options, plan.schedule.seed),
        floor: null,
        signal,
        onProgress: (event) => showProgress(terminal, event),
      }),
    );
    const page = await writeProfile(directory, stored);
    return tell(terminal, directory, page, stored, options.json === true);
  } finally {
    release();
  }
}

function planOf(scenario: string, { variant, rounds, slice, seed, perf = false }: ProfileOptions): Plan {
  const plan = planFile(scenario, seed === undefined ? {} : { seed });
  const planned = withStacks(plan, { variants: variant, rounds, durationMs: slice, perf });
  if (!planned.ok) throw new UsageFault(planned.faults.map((fault) => `${scenario}:1:1 ${fault}`));
  return planned.plan;
}

/** Only clinic looks at Node variants; autocannon is looked at beside, where it can be. Throws PROGRAM_MISSING. */
function withClinicHere(plan: Plan, terminal: Terminal): Plan {
  const { clinic } = plan.schedule;
  if (clinic == null || findProgram('clinic') !== null) return plan;
  if (clinic.variants.length > 0) {
    throw new EnvironmentFault(
      'PROGRAM_MISSING',
      `sidecars in Node.js are profiled by clinic, which is not on this machine: ${howToGet('clinic')}`,
    );
  }
  terminal.note(`autocannon is not profiled, since clinic is not on this machine: ${howToGet('clinic')}`);
  return withoutClinic(plan);
}

/** Throws PERF_UNAVAILABLE where something is to be looked at by perf and nothing can be. */
function refuseWithoutPerf({ schedule }: Plan): void {
  if (!schedule.stacks?.looks.some(({ kind }) => kind === 'perf-cpu')) return;
  const sight = perfSight();
  if (sight.sees === 'nothing')
    throw new EnvironmentFault('PERF_UNAVAILABLE', `this profile is taken by perf: ${sight.why}`);
}

function showProgress(terminal: Terminal, event: ProgressEvent): void {
  switch (event.type) {
    case 'deploying':
      terminal.note(`round ${event.replica + 1} of ${event.replicas}`);
      break;
    case 'round':
      terminal.status(`round ${event.round + 1} of ${event.rounds}, ${event.part}`);
      break;
    case 'clinic':
      if (event.fault !== null)
        terminal.note(`clinic ${event.tool} of ${event.of}: ${plainText(event.fault)}`);
      break;
    case 'variant-failed':
      terminal.note(`variant ${event.variant} failed: ${event.reason}`);
      break;
    case 'variant-unavailable':
      terminal.note(`variant ${event.variant} unavailable: ${event.reason}`);
      break;
  }
}

function tell(
  terminal: Terminal,
  directory: string,
  page: string,
  stored: StoredRun,
  json: boolean,
): ExitCode {
  const movers = profileMovers(stored);
  const exitCode =
    stored.run.state === 'interrupted' ? EXIT.interrupted : movers.whole ? EXIT.passed : EXIT.environment;
  if (json) {
    terminal.print(JSON.stringify({ directory, page, exitCode, ...movers }, null, 2));
    return exitCode;
  }
  for (const { kind, sentences, missing, gaps } of movers.kinds) {
    terminal.print(`${terminal.paint('bold', kind)}: ${plainText(missing ?? sentences.join(' '))}`);
    for (const gap of gaps) terminal.print(plainText(gap));
  }
  for (const { tool, of, sentence, fault } of movers.clinic) {
    const said = [sentence, ...(fault === null ? [] : [`not all of it worked here: ${fault}`])];
    terminal.print(
      `${terminal.paint('bold', `clinic ${tool} of ${of}`)}: ${plainText(said.filter((one) => one !== null).join(' '))}`,
    );
  }
  terminal.print(`Profile: ${page}`);
  return exitCode;
}

function repeatCommand(
  scenario: string,
  { variant, rounds, slice, perf = false }: ProfileOptions,
  seed: number,
): string[] {
  return [
    ...['npx', 'meshmark', 'profile', scenario, '--variant', ...variant],
    ...['--rounds', String(rounds), '--slice', `${slice}ms`, '--seed', String(seed)],
    ...(perf ? ['--perf'] : []),
  ];
}
