/** JSON of another tool, parsed with faults that name the place. */
import type { z } from 'zod';
import { jsonFaultPosition } from '../record/index.js';
import { ImportFault } from './fault.js';

/**
 * The value that the text is; `firstLine` is where in the file it begins. Throws ImportFault with line and column; text
 * that simply ends is called cut off.
 */
export function parseJson(file: string, text: string, firstLine = 1): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const [line, column] = jsonFaultPosition(cause, text).split(':');
    const place = `${file}:${Number(line) + firstLine - 1}:${column}`;
    // Of text that ends after a value V8 says that a comma is missing, at the end.
    const atEnd = Number(/ at position (\d+)/.exec(said)?.[1] ?? -1) >= text.trimEnd().length;
    const cut = atEnd || /end of JSON input|Unterminated/.test(said);
    throw new ImportFault(
      `${place}: ${cut ? 'the file is cut off here' : `not JSON (${said})`}; give the whole file as the tool wrote it`,
      { cause },
    );
  }
}

/** The value in the shape that a tool writes. Throws ImportFault that names the field. */
export function inShape<T>(file: string, schema: z.ZodType<T>, value: unknown, tool: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'the whole' : `"${issue.path.join('.')}"`;
  throw new ImportFault(
    `${file}: ${field} is not what ${tool} writes (${issue?.message ?? 'wrong shape'}); give the file as ${tool} wrote it, or name its tool with --format`,
  );
}
