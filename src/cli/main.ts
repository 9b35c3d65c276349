#!/usr/bin/env node
/** The command line: which words exist, and nothing of what they do. */
import { Command, CommanderError, Option } from 'commander';
import { packageVersion } from '../host/index.js';
import { cleanCluster } from './clean-cluster.js';
import { cleanCommand } from './clean-command.js';
import { DEFAULT_IMAGE } from './default-image.js';
import { doctorCommand } from './doctor-command.js';
import { EXTRA_PROGRAMS } from './image-programs.js';
import { pushImageCommand, saveImage } from './images-command.js';
import { listCommand } from './list-command.js';
import { addMeasuringCommands } from './measuring-commands.js';
import { describeFault, EXIT, type ExitCode } from './outcome.js';
import { selfTestCommand } from './self-test/self-test.js';
import { addStoredCommands } from './stored-commands.js';
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

addMeasuringCommands(program, terminal, ends);
addStoredCommands(program, terminal, ends);

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
