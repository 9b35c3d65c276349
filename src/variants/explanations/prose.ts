/**
 * Text as a record carries it: paragraphs with an empty line between them, each in one line. Sources are wrapped, so
 * that they can be read and compared line by line.
 */
export function prose(wrapped: string): string {
  return wrapped
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replace(/\s+/g, ' '))
    .join('\n\n');
}
