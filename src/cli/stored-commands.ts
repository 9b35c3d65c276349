/** The words for what was measured before: what each takes, and nothing of what it does. */
import { type Command, Option } from 'commander';
import { IMPORT_FORMATS } from '../import/index.js';
import { REPORT_FORMATS } from '../report/index.js';
import { addBaselineCommands, baselineStore } from './baseline-command.js';
import { compareCommand } from './compare-command.js';
import { failOn } from './fail-on.js';
import { gateCommand } from './gate-command.js';
import { HISTORY_FILE, historyAddCommand, historyCommand } from './history-command.js';
import { importCommand } from './import-command.js';
import { indexCommand } from './index-command.js';
import type { ExitCode } from './outcome.js';
import { printReport, reportCommand } from './report-command.js';
import type { Terminal } from './terminal.js';

/** Adds `report`, `index`, `compare`, `import`, `gate`, `baseline` and `history`; `ends` is told how each ended. */
export function addStoredCommands(
  program: Command,
  terminal: Terminal,
  ends: (action: Promise<ExitCode> | ExitCode) => Promise<void>,
): void {
  program
    .command('report')
    .description('judge stored runs again and write their reports anew, from the folders alone')
    .argument('<run...>', 'run folders')
    .option(
      '--history <file>',
      'show in each report what became of its figures over the runs of this history',
    )
    .addOption(
      new Option('--format <form>', 'print one run in this form instead, and write nothing').choices(
        REPORT_FORMATS,
      ),
    )
    .action((runs: string[], { format, history }) =>
      ends(
        format === undefined
          ? reportCommand(terminal, runs, { history })
          : printReport(terminal, runs, format),
      ),
    );

  program
    .command('index')
    .description('write a page of every run in a folder, newest first, with what came out')
    .argument('[folder]', 'where the runs’ folders lie', 'reports')
    .action((folder: string) => ends(indexCommand(terminal, folder)));

  program
    .command('compare')
    .description('put two stored runs side by side; descriptive, since they were not measured together')
    .argument('<before>', 'a run folder, a report.html, or a folder of imported results')
    .argument('<after>', 'the same, of the run that came after')
    .option('--json', 'print the comparison as JSON on stdout')
    .action((before: string, after: string, options) =>
      ends(compareCommand(terminal, before, after, options)),
    );

  program
    .command('import')
    .description('take what another tool measured into a folder that report and compare can show')
    .argument(
      '<file...>',
      'fortio -json, k6 --out json or --summary-export, what wrk --latency or wrk2 printed',
    )
    .addOption(
      new Option('--format <tool>', 'the tool that wrote the files (default: guessed)').choices(
        IMPORT_FORMATS,
      ),
    )
    .option('--variant <id...>', 'what each file’s result is called, in order (default: the file’s name)')
    .option('--out <dir>', 'folder for the record and the report (default: a new one under reports/)')
    .option('--json', 'print the record as JSON on stdout')
    .action((files: string[], options) => ends(importCommand(terminal, files, options)));

  program
    .command('gate')
    .description('apply the scenario’s gate to a stored run, or to this version beside another commit’s')
    .argument('<run>', 'a run folder; with --against git:REF a scenario file, too')
    .option(
      '--against <what>',
      '`git:REF`: build that commit of the scenario’s repository and measure both now; else the name of a stored baseline',
    )
    .option('--out <dir>', 'with --against git:REF: folder for the record and the report')
    .addOption(baselineStore())
    .option('--json', 'print the outcomes as JSON on stdout')
    .addOption(failOn())
    .action((run: string, options) => ends(gateCommand(terminal, run, options)));

  addBaselineCommands(program, terminal, ends);

  const historyFile = () => new Option('--file <file>', 'the history').default(HISTORY_FILE);
  const history = program
    .command('history')
    .description('what became of each figure over many runs, and between which two of them it changed')
    .enablePositionalOptions()
    .addOption(historyFile())
    .option('--html <file>', 'write them as a page, too, that opens without network')
    .option('--json', 'print every series and its changes as JSON on stdout')
    .action((options) => ends(historyCommand(terminal, options)));
  history
    .command('add')
    .description('add stored runs to a history; what it has already is not added twice')
    .argument('<run...>', 'run folders')
    .addOption(historyFile())
    .option('--commit <id>', 'what was measured (default: the commit checked out here)')
    .action((runs: string[], options) => ends(historyAddCommand(terminal, runs, options)));
}
