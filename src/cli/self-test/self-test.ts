/** `meshmark doctor --self-test`: lies to meshmark in twelve ways and shows what found each out. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataplaneBinary, installRoot } from '../../host/index.js';
import { type JudgedRun, judge } from '../judge.js';
import { EXIT, type ExitCode } from '../outcome.js';
import { performRun } from '../perform-run.js';
import { planText } from '../scenario-file.js';
import type { Terminal } from '../terminal.js';
import { LIES, type Lie } from './lies.js';
import { SEEDED_RUNS, type SeededRun } from './seeded-runs.js';

interface Finding {
  readonly lie: string;
  readonly state: 'caught' | 'missed';
  /** What caught it, or why it counts as missed. */
  readonly detail: string;
}

/** Runs every seeded run, prints one line for each lie, and exits with 4 when one was missed. */
export async function selfTestCommand(
  terminal: Terminal,
  options: { readonly json: boolean },
): Promise<ExitCode> {
  const directory = mkdtempSync(join(tmpdir(), 'meshmark-self-test-'));
  const runs = new Map<string, JudgedRun | string>();
  const controller = new AbortController();
  const onSignal = () => controller.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    for (const [index, seeded] of SEEDED_RUNS.entries()) {
      if (controller.signal.aborted) return EXIT.interrupted;
      terminal.note(`run ${index + 1} of ${SEEDED_RUNS.length}: ${nameOf(seeded)}`);
      runs.set(seeded.name, await perform(seeded, join(directory, seeded.name), controller.signal));
    }
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    rmSync(directory, { recursive: true, force: true });
  }
  if (controller.signal.aborted) return EXIT.interrupted;
  return tell(
    terminal,
    LIES.map((lie) => findingOf(lie, runs)),
    options.json,
  );
}

function nameOf({ scenario }: SeededRun): string {
  return /^name: (.+)$/m.exec(scenario)?.[1] ?? 'a run';
}

/** The judged run, or why there is none. */
async function perform(
  seeded: SeededRun,
  directory: string,
  signal: AbortSignal,
): Promise<JudgedRun | string> {
  const usual = process.env.MESHMARK_DATAPLANE;
  try {
    if (seeded.unoptimised) process.env.MESHMARK_DATAPLANE = unoptimisedBinary();
    const stored = await performRun({
      plan: seeded.plan(planText(seeded.scenario, nameOf(seeded))),
      directory,
      command: ['npx', 'meshmark', 'doctor', '--self-test'],
      floor: null,
      signal,
      onProgress: () => undefined,
      between: seeded.between,
    });
    return judge(stored);
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault);
  } finally {
    if (usual === undefined) delete process.env.MESHMARK_DATAPLANE;
    else process.env.MESHMARK_DATAPLANE = usual;
  }
}

/** The data plane as a debugger would have it, built where it is not there yet. Throws when it cannot be built. */
function unoptimisedBinary(): string {
  const script = join(installRoot, 'infra', 'setup', 'build-go.mjs');
  execFileSync(process.execPath, [script, '--unoptimised'], { stdio: ['ignore', 'pipe', 'pipe'] });
  return join(dataplaneBinary(), '..', 'dataplane-unoptimised');
}

function findingOf(
  { lie, run, caught, control }: Lie,
  runs: ReadonlyMap<string, JudgedRun | string>,
): Finding {
  const missed = (detail: string): Finding => ({ lie, state: 'missed', detail });
  const seeded = runs.get(run) ?? 'it was not run';
  const honest = runs.get(control.run) ?? 'it was not run';
  if (typeof seeded === 'string') return missed(`its run did not come about: ${seeded}`);
  if (typeof honest === 'string') return missed(`its control did not come about: ${honest}`);
  const found = caught(seeded);
  if (found === null) return missed('nothing in its run’s verdict speaks of it');
  const falseAlarm = control.caught(honest);
  if (falseAlarm !== null) return missed(`the same was said where nobody lied: ${falseAlarm}`);
  return { lie, state: 'caught', detail: found };
}

function tell(terminal: Terminal, findings: readonly Finding[], json: boolean): ExitCode {
  const caught = findings.filter(({ state }) => state === 'caught').length;
  if (json) {
    terminal.print(JSON.stringify({ lies: findings.length, caught, findings }, null, 2));
  } else {
    for (const { lie, state, detail } of findings) {
      const sign = state === 'caught' ? terminal.paint('green', 'caught') : terminal.paint('red', 'MISSED');
      terminal.print(`${sign}  ${lie}: ${detail}`);
    }
    terminal.print(`${caught} of ${findings.length} lies caught`);
  }
  return caught === findings.length ? EXIT.passed : EXIT.environment;
}
