/** `meshmark list`: the catalogue, and what of it can run here. */
import { lackingAny } from '../host/index.js';
import { CATALOGUE, declaredOptions, needsOf } from '../variants/index.js';
import { EXIT, type ExitCode } from './outcome.js';
import type { Terminal } from './terminal.js';

interface ListedVariant {
  readonly id: string;
  readonly kind: string;
  readonly status: 'available' | 'unavailable';
  readonly reason: string | null;
  readonly description: string;
}

/** Prints the catalogue as text, or with `json` as `{"variants": […]}`. */
export function listCommand(terminal: Terminal, options: { readonly json: boolean }): ExitCode {
  const variants: ListedVariant[] = CATALOGUE.map((row) => {
    const reason = lackingAny(needsOf(row.needs, declaredOptions(row, {})));
    return {
      id: row.kind,
      kind: row.kind,
      status: reason === null ? 'available' : 'unavailable',
      reason,
      description: row.description,
    };
  });
  if (options.json) {
    terminal.print(JSON.stringify({ variants }, null, 2));
    return EXIT.passed;
  }
  for (const { id, status, reason, description } of variants) {
    const state = reason === null ? status : `${status}: ${reason}`;
    terminal.print(
      `${terminal.paint('bold', id.padEnd(18))} ${terminal.paint(reason === null ? 'green' : 'yellow', state)}`,
    );
    terminal.print(`                   ${description}`);
  }
  return EXIT.passed;
}
