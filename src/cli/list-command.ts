/** `meshmark list`: the catalogue, and what of it can run here. */
import { CATALOGUE } from '../variants/index.js';
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
  const variants: ListedVariant[] = CATALOGUE.map(({ kind, description }) => ({
    id: kind,
    kind,
    status: 'available',
    reason: null,
    description,
  }));
  if (options.json) {
    terminal.print(JSON.stringify({ variants }, null, 2));
    return EXIT.passed;
  }
  for (const variant of variants) {
    terminal.print(`${terminal.paint('bold', variant.id.padEnd(14))} ${variant.status}`);
    terminal.print(`               ${variant.description}`);
  }
  return EXIT.passed;
}
