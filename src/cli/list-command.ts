/** `meshmark list`: the catalogue, and what of it can run here. */
import { CATALOGUE, type CatalogueRow, KINDS_TO_COME } from '../variants/index.js';
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
  const variants: ListedVariant[] = [
    ...CATALOGUE.map((row) => {
      const reason = whyUnavailable(row, process.platform);
      return {
        id: row.kind,
        kind: row.kind,
        status: reason === null ? ('available' as const) : ('unavailable' as const),
        reason,
        description: row.description,
      };
    }),
    ...Object.entries(KINDS_TO_COME).map(([kind, description]) => ({
      id: kind,
      kind,
      status: 'unavailable' as const,
      reason: 'this version of meshmark cannot stand it up yet',
      description,
    })),
  ];
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

/** What a row lacks on a platform, in words; null when nothing. */
function whyUnavailable(row: CatalogueRow, platform: NodeJS.Platform): string | null {
  return row.linuxOnly && platform !== 'linux' ? 'it needs epoll, which only Linux has' : null;
}
