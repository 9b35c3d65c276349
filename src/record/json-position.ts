/** Where in a text JSON.parse gave up. */

/** `line:column`, from 1, of a JSON.parse failure: `cause` is what it threw. */
export function jsonFaultPosition(cause: unknown, text: string): string {
  // V8 tells the offset of most faults; of an unexpected token it only quotes the surroundings.
  const match = cause instanceof Error ? / at position (\d+)/.exec(cause.message) : null;
  const offset = match?.[1] === undefined ? endOfTokens(text) : Number(match[1]);
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

const JSON_TOKEN =
  /\s*(?:[{}[\],:]|"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))|\s+/y;

/** Offset at which the text stops being a sequence of JSON's tokens. */
function endOfTokens(text: string): number {
  JSON_TOKEN.lastIndex = 0;
  let end = 0;
  while (end < text.length && JSON_TOKEN.test(text)) end = JSON_TOKEN.lastIndex;
  return end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
}
