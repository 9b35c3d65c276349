/** The words that measure: what each takes, and nothing of what it does. */
import { type Command, Option } from 'commander';
import { calibrateCommand } from './calibrate-command.js';
import { failOn } from './fail-on.js';
import { duration, rate, rates, share, wholeNumber } from './option-values.js';
import type { ExitCode } from './outcome.js';
import { profileCommand } from './profile-command.js';
import { runCommand } from './run-command.js';
import { searchCommand, sweepCommand } from './steps-command.js';
import type { Terminal } from './terminal.js';

/** Adds `run`, `sweep`, `search`, `profile` and `calibrate`; `ends` is told how each ended. */
export function addMeasuringCommands(
  program: Command,
  terminal: Terminal,
  ends: (action: Promise<ExitCode> | ExitCode) => Promise<void>,
): void {
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
    .addOption(failOn())
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
    .option(
      '--rounds <n>',
      'how often each profile of Go sidecars is taken, each time in fresh processes',
      wholeNumber(1),
      3,
    )
    .option(
      '--slice <time>',
      'how long allocations are looked at each time; CPU twice as long',
      duration,
      3000,
    )
    .option('--perf', 'have perf look at Go sidecars, too, from the kernel, whose own part is then seen')
    .option('--seed <n>', 'seed of everything random, instead of the scenario’s', wholeNumber(0))
    .option('--out <dir>', 'folder for the record and the page (default: a new one under reports/)')
    .option('--json', 'print what moved most as JSON on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ meshmark profile scenarios/quickstart.yaml --variant plain
  $ meshmark profile scenarios/quickstart.yaml --variant plain --variant pooled-buffer
  $ meshmark profile scenarios/node.yaml --variant node-plain --variant node-pooled
  $ meshmark profile scenarios/real-proxies.yaml --variant plain --variant haproxy

Variants in Node.js, and autocannon where it sends, are looked at by clinic (\`npm run setup:clinic\`), once. Proxies of others, such as
Envoy, and your own are looked at by perf (Debian's linux-perf), and so is what is compared with them.

Nothing of a profile is measured. Exit codes: 0 profiles were taken; 4 a variant has none; as for \`meshmark run\` otherwise.`,
    )
    .action((scenario: string, options) => ends(profileCommand(terminal, scenario, options)));

  program
    .command('calibrate')
    .description(
      'measure a variant against itself: this machine’s noise floor, kept for later runs and gates',
    )
    .argument(
      '[scenario]',
      'whose traffic, slices and baseline to take, for scenarios like it (default: plain)',
    )
    .option('--time <time>', 'how long to measure', duration, 60_000)
    .option('--seed <n>', 'seed of everything random', wholeNumber(0), 1)
    .option('--json', 'print the floor as JSON on stdout')
    .action((scenario: string | undefined, options) => ends(calibrateCommand(terminal, scenario, options)));
}
