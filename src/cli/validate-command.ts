/** `meshmark validate`: faults of scenarios, before anything is started. */
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import { planFile } from './scenario-file.js';
import type { Terminal } from './terminal.js';

/** Prints one line per good scenario on stdout and one per fault on stderr; exit 2 when there is any fault. */
export function validateCommand(terminal: Terminal, paths: readonly string[]): ExitCode {
  let exitCode: ExitCode = EXIT.passed;
  for (const path of paths) {
    try {
      const plan = planFile(path);
      const { rounds, replicas } = plan.schedule;
      terminal.print(
        `${path}: ${plan.variants.length} variants, ${rounds} rounds on ${replicas} sets of fresh processes, about ${plan.estimatedSeconds.toFixed(0)} s`,
      );
    } catch (fault) {
      if (!(fault instanceof UsageFault)) throw fault;
      for (const line of fault.lines) terminal.note(line);
      exitCode = EXIT.usage;
    }
  }
  return exitCode;
}
