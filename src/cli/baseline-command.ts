/** `meshmark baseline`: runs kept under a name, to gate later ones against. */
import { type Command, Option } from 'commander';
import { BASELINE_FOLDER, listBaselines, saveBaseline } from '../baseline/index.js';
import { commitHere } from './against/repository.js';
import { judgeFolder, whyNotKept } from './judge.js';
import { EXIT, type ExitCode } from './outcome.js';
import { plainText, type Terminal, textTable } from './terminal.js';

/** Keeps a stored run as a baseline and prints its file. Exit 3, and nothing kept, when the run was not valid. Throws BaselineFault. */
export function baselineSaveCommand(
  terminal: Terminal,
  directory: string,
  options: { readonly name: string; readonly store: string; readonly commit?: string },
): ExitCode {
  const { run, analysis } = judgeFolder(directory);
  const hindrance = whyNotKept(run, analysis);
  if (hindrance !== null) {
    terminal.note(`${directory}: not kept: ${hindrance}`);
    return EXIT.noVerdict;
  }
  const commit = options.commit ?? run.against?.own.commit ?? commitHere();
  terminal.print(saveBaseline(options.store, { name: options.name, commit, run }, new Date()));
  return EXIT.passed;
}

/** Prints what a store holds. Exit 2 when some file of it could not be read; the others are listed all the same. */
export function baselineListCommand(
  terminal: Terminal,
  options: { readonly store: string; readonly json?: boolean },
): ExitCode {
  const { baselines, damaged } = listBaselines(options.store);
  const rows = baselines.map(({ name, savedAt, commit, run }) => ({
    name,
    scenario: run.scenario.name,
    savedAt,
    commit,
    runId: run.runId,
    fingerprint: run.machine.fingerprint,
    hostname: run.machine.hostname,
  }));
  if (options.json === true) {
    terminal.print(JSON.stringify({ store: options.store, baselines: rows, damaged }, null, 2));
  } else if (rows.length > 0) {
    const head = ['name', 'scenario', 'saved', 'commit', 'machine'];
    const cells = rows.map(({ name, scenario, savedAt, commit, hostname, fingerprint }) => [
      name,
      plainText(scenario),
      `${savedAt.slice(0, 16).replace('T', ' ')} UTC`,
      plainText(commit?.slice(0, 12) ?? '–'),
      plainText(`${hostname} (${fingerprint})`),
    ]);
    for (const line of textTable([head, ...cells])) terminal.print(line);
  } else if (damaged.length === 0) {
    terminal.note(`${options.store} holds no baseline: keep a run with \`meshmark baseline save RUN\``);
  }
  for (const { file, reason } of damaged) terminal.note(`${file}: cannot be read: ${plainText(reason)}`);
  return damaged.length === 0 ? EXIT.passed : EXIT.usage;
}

/** The option that says where baselines are kept. */
export function baselineStore(): Option {
  return new Option('--store <dir>', 'folder of stored baselines').default(BASELINE_FOLDER);
}

/** Adds `baseline save` and `baseline list` to the command line; `ends` is told how each ended. */
export function addBaselineCommands(
  program: Command,
  terminal: Terminal,
  ends: (action: ExitCode) => Promise<void>,
): void {
  const baseline = program
    .command('baseline')
    .description('runs kept under a name, for `meshmark gate RUN --against NAME` on the same machine');
  baseline
    .command('save')
    .description('keep a stored run, in place of an earlier one of that name, scenario and machine')
    .argument('<run>', 'a run folder')
    .option('--name <name>', 'what it is called', 'main')
    .option('--commit <id>', 'what was measured (default: the commit checked out here)')
    .addOption(baselineStore())
    .action((run: string, options) => ends(baselineSaveCommand(terminal, run, options)));
  baseline
    .command('list')
    .description('what is kept, of which scenario, commit and machine')
    .addOption(baselineStore())
    .option('--json', 'print the list as JSON on stdout')
    .action((options) => ends(baselineListCommand(terminal, options)));
}
