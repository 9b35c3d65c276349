#!/usr/bin/env node
/** The command line: which words exist, and nothing of what they do. */
import { Command, CommanderError, Option } from 'commander';
import { packageVersion } from '../host/index.js';
import { IMPORT_FORMATS } from '../import/index.js';
import { REPORT_FORMATS } from '../report/index.js';
import { addBaselineCommands, baselineStore } from './baseline-command.js';
import { calibrateCommand } from './calibrate-command.js';
import { cleanCluster } from './clean-cluster.js';
import { cleanCommand } from './clean-command.js';
import { compareCommand } from './compare-command.js';
import { DEFAULT_IMAGE } from './default-image.js';
import { doctorCommand } from './doctor-command.js';
import { gateCommand } from './gate-command.js';
import { HISTORY_FILE, historyAddCommand, historyCommand } from './history-command.js';
import { EXTRA_PROGRAMS } from './image-programs.js';
import { pushImageCommand, saveImage } from './images-command.js';
import { importCommand } from './import-command.js';
import { indexCommand } from './index-command.js';
import { listCommand } from './list-command.js';
import { duration, rate, rates, share, wholeNumber } from './option-values.js';
import { describeFault, EXIT, type ExitCode } from './outcome.js';
import { profileCommand } from './profile-command.js';
import { printReport, reportCommand } from './report-command.js';
import { runCommand } from './run-command.js';
import { selfTestCommand } from './self-test/self-test.js';
import { searchCommand, sweepCommand } from './steps-command.js';
import { processTerminal } from './terminal.js';
import { validateCommand } from './validate-command.js';

const terminal = processTerminal();

// Node ends with 1 for what nobody caught, and 1 means a regression here. The guard ends the run's processes.
process.on('uncaughtException', (fault) => {
  const { lines, exitCode: code } = describeFault(fault);
  for (const line of lines) terminal.note(line);
  process.exit(code);
});

/** Set by the action that ran; a command without an action (help, version) passed. */
let exitCode: ExitCode = EXIT.passed;

function ends(action: Promise<ExitCode> | ExitCode): Promise<void> {
  return Promise.resolve(action).then((code) => {
    exitCode = code;
  });
}

const program = new Command('meshmark')
  .description('What does this mesh data plane cost, compared with that one, for my traffic?')
  .version(packageVersion())
  .showSuggestionAfterError()
  .showHelpAfterError('(add --help for what it takes)')
  .exitOverride()
  // So that an option behind a command's own command, as in `history add`, is that one's.
  .enablePositionalOptions()
  .addHelpText(
    'after',
    `
Examples:
  $ meshmark run scenarios/quickstart.yaml
  $ meshmark run scenarios/quickstart.yaml --seed 7 --json
  $ meshmark report reports/2026-11-24T0012-quickstart-3f2a
  $ meshmark gate reports/2026-11-24T0012-quickstart-3f2a

Exit codes: 0 passed; 1 the gate found a regression; 2 the input is wrong; 3 no valid verdict;
4 the environment failed; 130 interrupted.`,
  );

const failOn = new Option(
  '--fail-on <what>',
  'what makes the command fail: a regression alone, or a missing verdict too',
)
  .choices(['regression', 'undecided'])
  .default('undecided');

program
  .command('run')
  .description('stand the variants up, measure them, judge them and write the report')
  .argument('<scenario>', 'a scenario file')
  .option('--out <dir>', 'folder for the record and the report (default: a new one under reports/)')
  .option('--seed <n>', 'seed of everything random, instead of the scenario’s', wholeNumber(0))
  .option('--blocks <n>', 'long blocks, instead of the scenario’s', wholeNumber(1))
  .option('--slice <time>', 'length of a long slice, instead of the scenario’s', duration)
  .option('--variant <id...>', 'only these variants, and the baseline')
  .option('--no-early-stop', 'go on to the end when the gate is decided before')
  .option('--no-confirm', 'fail without running a regression again on fresh processes')
  .option(
    '--against <git:ref>',
    'compare each variant with itself as another commit of the scenario’s repository has it',
  )
  .addOption(
    new Option('--cluster <provider>', 'where variants stand, instead of the scenario’s').choices([
      'local',
      'kubernetes',
    ]),
  )
  .option('--context <name>', 'context of the kubeconfig')
  .option('--kubeconfig <file>', 'the kubeconfig, instead of the one that kubectl would take')
  .option('--namespace <name>', 'a namespace that is there already, instead of one for each variant')
  .option('--image <name>', 'image of meshmark’s programs: see `meshmark images`')
  .option('--allow-privileged', 'let pods attach eBPF programs, where the scenario allows it, too')
  .option(
    '--print',
    'print the manifests of what would stand on a cluster, or with `driver: k6` a TestRun for the k6 operator, and run nothing',
  )
  .option(
    '--target <host:port>',
    'with --print and `driver: k6`: what k6 is to send to, as its pods reach it',
  )
  .option('--json', 'print the result as JSON on stdout')
  .addOption(failOn)
  .addHelpText(
    'after',
    `
Examples:
  $ meshmark run scenarios/quickstart.yaml
  $ meshmark run scenarios/quickstart.yaml --variant pooled-buffer --blocks 4
  $ meshmark run scenarios/quickstart.yaml --against git:origin/main
  $ meshmark run scenarios/quickstart.yaml --cluster kubernetes --context kind-bench
  $ meshmark run k6.yaml --cluster kubernetes --print | kubectl apply -f -`,
  )
  .action((scenario: string, options) => ends(runCommand(terminal, scenario, options)));

program
  .command('sweep')
  .description(
    'measure the variants at one rate after another: the throughput–latency curve of each, and its knee',
  )
  .argument('<scenario>', 'a scenario file; its own slices and rate are left aside')
  .option('--rates <list>', 'rates in requests/s, with commas between them', rates)
  .option('--from <rate>', 'or: the lowest rate', rate)
  .option('--to <rate>', 'and the highest', rate)
  .option('--steps <n>', 'with as many rates from one to the other', wholeNumber(2), 6)
  .option('--blocks <n>', 'how often each rate is measured; four give an interval', wholeNumber(1), 4)
  .option('--slice <time>', 'how long each time', duration, 2000)
  .option('--variant <id...>', 'only these variants, and the baseline')
  .option('--seed <n>', 'seed of everything random, instead of the scenario’s', wholeNumber(0))
  .option('--out <dir>', 'folder for the record and the report (default: a new one under reports/)')
  .option('--json', 'print the result as JSON on stdout')
  .addHelpText(
    'after',
    `
Examples:
  $ meshmark sweep scenarios/quickstart.yaml --rates 500,1000,2000,4000
  $ meshmark sweep scenarios/quickstart.yaml --from 200/s --to 6000/s --steps 8 --variant plain`,
  )
  .action((scenario: string, options) => ends(sweepCommand(terminal, scenario, options)));

program
  .command('search')
  .description('find the highest rate at which each variant keeps to an objective, and what that costs')
  .argument(
    '<scenario>',
    'a scenario file; its own slices are left aside, its rate is where the search starts',
  )
  .requiredOption('--slo <objective...>', 'what must hold: p99=5ms, p99.9=20ms, errors=1%')
  .option('--from <rate>', 'the first rate to try, instead of the scenario’s', rate)
  .option('--precision <share>', 'how far apart the ends of the interval may be', share, 0.04)
  .option('--budget <time>', 'the most time it may take', duration, 120_000)
  .option('--slice <time>', 'how long each rate is tried', duration, 2000)
  .option('--variant <id...>', 'only these variants, and the baseline')
  .option('--seed <n>', 'seed of everything random, instead of the scenario’s', wholeNumber(0))
  .option('--out <dir>', 'folder for the record and the report (default: a new one under reports/)')
  .option('--json', 'print the result as JSON on stdout')
  .addHelpText(
    'after',
    `
Examples:
  $ meshmark search scenarios/quickstart.yaml --slo p99=5ms
  $ meshmark search scenarios/quickstart.yaml --slo p99=5ms p99.9=20ms errors=0.1% --variant plain --budget 5m

Exit codes: 0 every limit is known to the precision; 3 one is not; as for \`meshmark run\` otherwise.`,
  )
  .action((scenario: string, options) => ends(searchCommand(terminal, scenario, options)));

program
  .command('profile')
  .description('show where one variant, or two compared, spend CPU and memory under a scenario’s load')
  .argument('<scenario>', 'a scenario file; its own slices are left aside')
  .requiredOption('--variant <id...>', 'the variant, or two: the second is compared with the first')
  .option('--rounds <n>', 'how often each profile is taken, each time in fresh processes', wholeNumber(1), 3)
  .option('--slice <time>', 'how long allocations are looked at each time; CPU twice as long', duration, 3000)
  .option('--seed <n>', 'seed of everything random, instead of the scenario’s', wholeNumber(0))
  .option('--out <dir>', 'folder for the record and the page (default: a new one under reports/)')
  .option('--json', 'print what moved most as JSON on stdout')
  .addHelpText(
    'after',
    `
Examples:
  $ meshmark profile scenarios/quickstart.yaml --variant plain
  $ meshmark profile scenarios/quickstart.yaml --variant plain --variant pooled-buffer

Nothing of a profile is measured. Exit codes: 0 profiles were taken; 4 a variant has none; as for \`meshmark run\` otherwise.`,
  )
  .action((scenario: string, options) => ends(profileCommand(terminal, scenario, options)));

program
  .command('report')
  .description('judge stored runs again and write their reports anew, from the folders alone')
  .argument('<run...>', 'run folders')
  .option('--history <file>', 'show in each report what became of its figures over the runs of this history')
  .addOption(
    new Option('--format <form>', 'print one run in this form instead, and write nothing').choices(
      REPORT_FORMATS,
    ),
  )
  .action((runs: string[], { format, history }) =>
    ends(
      format === undefined ? reportCommand(terminal, runs, { history }) : printReport(terminal, runs, format),
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
  .action((before: string, after: string, options) => ends(compareCommand(terminal, before, after, options)));

program
  .command('import')
  .description('take what another tool measured into a folder that report and compare can show')
  .argument(
    '<file...>',
    'fortio -json, k6 --out json or --summary-export, what wrk --latency or wrk2 printed',
  )
  .addOption(
    new Option('--format <tool>', 'the tool that wrote the files (default: guessed)').choices(IMPORT_FORMATS),
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
  .addOption(failOn)
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

program
  .command('calibrate')
  .description('measure a variant against itself: this machine’s noise floor, kept for later runs and gates')
  .argument(
    '[scenario]',
    'whose traffic, slices and baseline to take, for scenarios like it (default: plain)',
  )
  .option('--time <time>', 'how long to measure', duration, 60_000)
  .option('--seed <n>', 'seed of everything random', wholeNumber(0), 1)
  .option('--json', 'print the floor as JSON on stdout')
  .action((scenario: string | undefined, options) => ends(calibrateCommand(terminal, scenario, options)));

program
  .command('validate')
  .description('check scenarios without running them')
  .argument('<scenario...>', 'scenario files')
  .action((scenarios: string[]) => ends(validateCommand(terminal, scenarios)));

program
  .command('list')
  .description('the catalogue of variants and what can run here')
  .option('--json', 'print the catalogue as JSON on stdout')
  .action((options) => ends(listCommand(terminal, { json: options.json === true })));

program
  .command('doctor')
  .description('what this machine can measure, what it cannot, and what would mend it')
  .option('--self-test', 'lie to meshmark in twelve ways and see what finds each out (about two minutes)')
  .option('--json', 'print the findings as JSON on stdout')
  .action((options) => {
    const how = { json: options.json === true };
    return ends(options.selfTest === true ? selfTestCommand(terminal, how) : doctorCommand(terminal, how));
  });

const images = program.command('images').description('container images of meshmark’s own programs');
const extraPrograms = new Option(
  '--with <program...>',
  'put these in too, from this machine and for its own architecture alone',
).choices(EXTRA_PROGRAMS);

images
  .command('save')
  .description('write the image as an archive, for amd64 and arm64; the same sources give the same digest')
  .argument('<file>', 'the archive, in the OCI layout')
  .option('--name <name>', 'repository and tag', DEFAULT_IMAGE)
  .addOption(extraPrograms)
  .option('--json', 'print name, digest and platforms as JSON on stdout')
  .action((file: string, options) => ends(saveImage(terminal, file, options)));

images
  .command('push')
  .description('push the image to a registry, and print the name with its digest to deploy it by')
  .argument('<name>', `REGISTRY/NAME[:TAG]; the tag is ${packageVersion()} otherwise`)
  .addOption(extraPrograms)
  .option('--insecure', 'speak to the registry without TLS')
  .option('--user <user>', 'instead of what Docker’s config.json has for the registry')
  .option('--password-stdin', 'read the password of --user from stdin')
  .option('--json', 'print name, digest and platforms as JSON on stdout')
  .action((name: string, options) => ends(pushImageCommand(terminal, name, options)));

program
  .command('clean')
  .description('remove what an earlier crash left; never touches a run that is alive')
  .option('--dry-run', 'only say what would be removed')
  .option('--cluster', 'look in the cluster of the kubeconfig, instead of on this machine')
  .option('--context <name>', 'with --cluster: context of the kubeconfig')
  .option('--kubeconfig <file>', 'with --cluster: the kubeconfig, instead of the one that kubectl would take')
  .option('--namespace <name>', 'with --cluster: look in this namespace, instead of for namespaces of runs')
  .option('--run <id>', 'with --cluster: only what is marked with this run, even if it may be alive')
  .action(({ dryRun = false, cluster, context, kubeconfig, namespace, run }) =>
    ends(
      cluster === true
        ? cleanCluster(terminal, {
            dryRun,
            context: context ?? null,
            kubeconfig: kubeconfig ?? null,
            namespace: namespace ?? null,
            run: run ?? null,
          })
        : cleanCommand(terminal, { dryRun }),
    ),
  );

for (const command of program.commands.flatMap((one) => [one, ...one.commands])) {
  command.exitOverride().showSuggestionAfterError();
}

try {
  await program.parseAsync();
} catch (fault) {
  if (fault instanceof CommanderError) {
    // Help and version end this way too, with exit code 0; what is wrong has been printed by commander.
    exitCode = fault.exitCode === 0 ? EXIT.passed : EXIT.usage;
  } else {
    const { lines, exitCode: code } = describeFault(fault);
    for (const line of lines) terminal.note(line);
    exitCode = code;
  }
}
process.exitCode = exitCode;
