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
      const cells = plan.cells.length === 0 ? '' : ` in ${plan.cells.length} cells`;
      terminal.print(
        `${path}: ${plan.variants.length} variants${cells}, ${rounds} rounds on ${replicas} sets of fresh processes, about ${plan.estimatedSeconds.toFixed(0)} s`,
      );
      for (const { id, values } of plan.cells) {
        const words = Object.entries(values).map(([axis, value]) => `${axis}: ${value}`);
        terminal.print(`  ${id}: ${words.join(', ')}`);
      }
    } catch (fault) {
      if (!(fault instanceof UsageFault)) throw fault;
      for (const line of fault.lines) terminal.note(line);
      exitCode = EXIT.usage;
    }
  }
  return exitCode;
}
