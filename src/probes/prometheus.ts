/** Prometheus' text format, as far as counters need it (Prometheus documentation, "Exposition formats", 0.0.4). */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Not a number and infinite where the exporter says so. */
  readonly value: number;
}

/** A metric by name, and the labels that it must have; others it may have. */
export interface Selector {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const SPACE = /[ \t]*/y;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const WORDS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/**
 * Every sample of a text. Histograms and summaries are samples of their parts, as the format has them. Throws SyntaxError
 * with the number of the line that is no sample, comment or empty line.
 */
export function parsePrometheus(text: string): Sample[] {
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const sample = readSample(line);
    if (sample === null)
      throw new SyntaxError(`line ${index + 1} is no sample of Prometheus text: ${line.slice(0, 80)}`);
    return [sample];
  });
}

/** `name` or `name{label="value", …}`; null for anything else. */
export function parseSelector(text: string): Selector | null {
  const read = readSeries(text.trim(), 0);
  return read !== null && read.end === text.trim().length ? read.series : null;
}

/** The sum over the samples that a selector fits; 0 where there are none, since a counter may appear with its first count. */
export function sumOf(samples: readonly Sample[], { name, labels }: Selector): number {
  return samples
    .filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
}

function readSample(line: string): Sample | null {
  const read = readSeries(line, 0);
  if (read === null) return null;
  const [value = '', timestamp, ...more] = line
    .slice(read.end)
    .trim()
    .split(/[ \t]+/);
  if (more.length > 0 || (timestamp !== undefined && !/^-?\d+$/.test(timestamp))) return null;
  const word = WORDS[value.toLowerCase()];
  if (word === undefined && !NUMBER.test(value)) return null;
  return { ...read.series, value: word ?? Number(value) };
}

interface Read {
  readonly series: Selector;
  readonly end: number;
}

function readSeries(text: string, start: number): Read | null {
  const name = take(NAME, text, start);
  if (name === null) return null;
  let at = skip(text, start + name.length);
  if (text[at] !== '{') return { series: { name, labels: {} }, end: start + name.length };
  at = skip(text, at + 1);
  const labels: Record<string, string> = {};
  while (text[at] !== '}') {
    const label = take(LABEL, text, at);
    if (label === null) return null;
    at = skip(text, at + label.length);
    if (text[at] !== '=') return null;
    const quoted = readQuoted(text, skip(text, at + 1));
    if (quoted === null || Object.hasOwn(labels, label)) return null;
    labels[label] = quoted.value;
    at = skip(text, quoted.end);
    if (text[at] === ',') at = skip(text, at + 1);
    else if (text[at] !== '}') return null;
  }
  return { series: { name, labels }, end: at + 1 };
}

/** A value in double quotes, in which `\\`, `\"` and `\n` are the only escapes. */
function readQuoted(text: string, start: number): { readonly value: string; readonly end: number } | null {
  if (text[start] !== '"') return null;
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '"') return { value, end: at + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    at += 1;
    const escaped = { '\\': '\\', '"': '"', n: '\n' }[text[at] ?? ''];
    if (escaped === undefined) return null;
    value += escaped;
  }
  return null;
}

function take(pattern: RegExp, text: string, start: number): string | null {
  pattern.lastIndex = start;
  return pattern.exec(text)?.[0] ?? null;
}

function skip(text: string, start: number): number {
  return start + (take(SPACE, text, start)?.length ?? 0);
}
