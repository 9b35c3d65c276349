/** The only writer to stdout and stderr. */
import { stripVTControlCharacters, styleText } from 'node:util';

export interface Terminal {
  /** Results go to stdout. */
  print(line: string): void;
  /** Everything about how it is going goes to stderr. */
  note(line: string): void;
  /** Replaces the last status line on a terminal; nothing elsewhere. */
  status(line: string): void;
  readonly interactive: boolean;
  readonly paint: Paint;
}

export type Paint = (style: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string) => string;

/** A terminal on this process's own streams. Colour only on a terminal and never against NO_COLOR. */
export function processTerminal(): Terminal {
  const interactive = process.stderr.isTTY === true && process.env.CI === undefined;
  const colour = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  let statusShown = false;
  // Whoever reads our output, `head` for one, may have seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const clearStatus = () => {
    if (!statusShown) return;
    process.stderr.write('\r\u001b[2K');
    statusShown = false;
  };
  return {
    interactive,
    paint: (style, text) => (colour ? styleText(style, text) : text),
    print: (line) => {
      clearStatus();
      process.stdout.write(`${line}\n`);
    },
    note: (line) => {
      clearStatus();
      process.stderr.write(`${line}\n`);
    },
    status: (line) => {
      if (!interactive) return;
      const width = process.stderr.columns ?? 80;
      process.stderr.write(`\r\u001b[2K${line.slice(0, width - 1)}`);
      statusShown = true;
    },
  };
}

/** Text of untrusted origin made fit for a terminal: control characters and escape sequences are taken out. */
export function plainText(text: string): string {
  // Cc: control characters; Cf: invisible formatting, such as the overrides that turn text around.
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');
}

/** A table with columns padded to their widest cell; the first column to the left, the others to the right. */
export function textTable(
  rows: readonly (readonly string[])[],
  paintCell: (cell: string, row: number) => string = (cell) => cell,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row, index) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - cell.length);
        const painted = paintCell(cell, index);
        return column === 0 ? painted + padding : padding + painted;
      })
      .join('  ')
      .trimEnd(),
  );
}
