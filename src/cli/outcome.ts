/** How a command ends: the exit codes are part of the contract with CI. */
import { BaselineFault } from '../baseline/index.js';
import { EnvironmentFault } from '../host/index.js';
import { ImportFault } from '../import/index.js';
import { RecordError } from '../record/index.js';

export const EXIT = {
  passed: 0,
  regression: 1,
  usage: 2,
  noVerdict: 3,
  environment: 4,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The user's input is wrong: exit 2, no stack trace. Each line says what, where and the mend. */
export class UsageFault extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'UsageFault';
    this.lines = lines;
  }
}

/** Ctrl-C before anything was measured that could be kept. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** What to print on stderr for a fault, and the exit code it means. Our own bugs keep their stack. */
export function describeFault(fault: unknown): { lines: readonly string[]; exitCode: ExitCode } {
  if (fault instanceof UsageFault) return { lines: fault.lines, exitCode: EXIT.usage };
  if (fault instanceof Interrupted) return { lines: [], exitCode: EXIT.interrupted };
  if (fault instanceof ImportFault || fault instanceof BaselineFault)
    return { lines: [`meshmark: ${fault.message}`], exitCode: EXIT.usage };
  if (fault instanceof EnvironmentFault) {
    return { lines: [`meshmark: ${fault.code} ${fault.message}`], exitCode: EXIT.environment };
  }
  if (fault instanceof RecordError) {
    return {
      lines: [`meshmark: ${fault.code} ${fault.message}`],
      exitCode: fault.blame === 'input' ? EXIT.usage : EXIT.environment,
    };
  }
  if (fault instanceof Error && 'code' in fault && typeof fault.code === 'string' && 'errno' in fault) {
    return { lines: [`meshmark: ${fault.message}`], exitCode: EXIT.environment };
  }
  const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  return {
    lines: [`meshmark: a fault of meshmark itself, please report it: ${text}`],
    exitCode: EXIT.environment,
  };
}
