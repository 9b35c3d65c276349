/** YAML text to a plain value that still knows where each key and value was written. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type YAMLError,
} from 'yaml';
import { quote } from './fault.js';

export interface Place {
  readonly offset: number;
  readonly message: string;
}

/** A step into the value: a key, or a position in a list. */
export type PathStep = string | number;

export interface ScenarioDocument {
  /** Strings, numbers, booleans, null, lists and mappings. */
  readonly value: unknown;
  /** Where the value at `path` starts; the nearest thing above it when it was not written. */
  offsetOf(path: readonly PathStep[]): number;
  /** Where the key that ends `path` was written; as `offsetOf` for list items. */
  keyOffsetOf(path: readonly PathStep[]): number;
  /** The value at `path` as it was written, or null when it was not. */
  sourceOf(path: readonly PathStep[]): string | null;
}

/** A document with the faults that did not keep it from being read; `document` is null when it could not be. */
export interface ReadDocument {
  readonly document: ScenarioDocument | null;
  readonly faults: readonly Place[];
  positionOf(offset: number): { readonly line: number; readonly column: number };
}

const TOO_DEEP = 'the file is nested too deeply to be read';
const LONGEST_TEXT = 64 * 1024;
/** The library's own guard against "billion laughs" counts nodes an alias repeats; scenarios need a handful. */
const MOST_ALIAS_COPIES = 100;

/** Reads one YAML 1.2 document. Never throws: what the parser throws (a stack overflow, say) becomes a fault. */
export function readDocument(original: string): ReadDocument {
  const text = original.startsWith('\uFEFF') ? original.slice(1) : original;
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  const positionOf = (offset: number) => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refused = (offset: number, message: string): ReadDocument => ({
    document: null,
    faults: [{ offset, message }],
    positionOf,
  });

  if (text.length > LONGEST_TEXT) {
    return refused(0, 'the file is larger than 64 KiB, which no scenario is; is it the right file?');
  }
  const unreadable = text.search(/[^\P{Cc}\t\n\r]|\uFFFD/u);
  if (unreadable >= 0) {
    const what = text[unreadable] === '\uFFFD' ? 'bytes that are not UTF-8' : 'a control character';
    return refused(unreadable, `the file has ${what} here; save it as UTF-8 text`);
  }
  try {
    return parsed(text, positionOf, refused);
  } catch (cause) {
    const deep = cause instanceof RangeError;
    return refused(0, deep ? TOO_DEEP : 'the file cannot be read as YAML');
  }
}

function parsed(
  text: string,
  positionOf: ReadDocument['positionOf'],
  refused: (offset: number, message: string) => ReadDocument,
): ReadDocument {
  const documents = parseAllDocuments(text, { prettyErrors: false, logLevel: 'silent' });
  if (!Array.isArray(documents) || documents.length === 0) {
    return refused(0, 'the file is empty; a scenario begins with `schema: meshmark.scenario/1`');
  }
  const [first, second] = documents;
  if (first === undefined) return refused(0, 'the file is empty');
  const problems = [...first.errors, ...first.warnings];
  const faults = onePerLine(problems, positionOf).map((problem) => ({
    offset: problem.pos[0],
    message: syntaxMessage(problem, text),
  }));
  if (second !== undefined && first.errors.length === 0) {
    const start = text.lastIndexOf('---', second.contents?.range?.[0] ?? text.length);
    const offset = start >= 0 ? start : (second.contents?.range?.[0] ?? 0);
    return refused(offset, 'a second document starts here; keep one scenario in a file');
  }
  // Newer parsers report an overflow themselves, at a place that depends on the size of the stack.
  if (problems.some((problem) => /call stack/i.test(problem.message))) return refused(0, TOO_DEEP);
  if (problems.some((problem) => problem.code !== 'DUPLICATE_KEY'))
    return { document: null, faults, positionOf };
  if (first.contents === null || (isScalar(first.contents) && first.contents.value === null)) {
    return refused(0, 'the file is empty; a scenario begins with `schema: meshmark.scenario/1`');
  }
  const alias = unusableAlias(first);
  if (alias !== null) return refused(alias.offset, alias.message);
  let value: unknown;
  try {
    value = first.toJS({ maxAliasCount: MOST_ALIAS_COPIES });
  } catch {
    return refused(firstAlias(first), 'aliases multiply the file beyond all measure; write the values out');
  }
  return { document: located(first, value, text), faults, positionOf };
}

/** The parser reports one slip several times; the first on each line is the one to mend. */
function onePerLine(
  problems: readonly YAMLError[],
  positionOf: ReadDocument['positionOf'],
): readonly YAMLError[] {
  const seen = new Set<number>();
  return problems.filter((problem) => {
    const { line } = positionOf(problem.pos[0]);
    if (seen.has(line)) return false;
    seen.add(line);
    return true;
  });
}

function syntaxMessage(problem: YAMLError, text: string): string {
  const here = text.slice(problem.pos[0], problem.pos[1]).trim();
  switch (problem.code) {
    case 'DUPLICATE_KEY': {
      const key = /^[^\s:,}]+/.exec(text.slice(problem.pos[0]))?.[0] ?? here;
      return `the key ${quote(key)} was given before in the same place; keep one of them`;
    }
    case 'TAB_AS_INDENT':
      return 'a tab is used to indent; YAML takes spaces only';
    case 'TAG_RESOLVE_FAILED':
      return `the tag ${quote(here)} is not known; leave it out`;
    case 'BAD_ALIAS':
      return `the alias ${quote(here)} has no anchor; write the value out`;
    case 'MISSING_CHAR':
    case 'BAD_INDENT':
    case 'BLOCK_IN_FLOW':
      return `not YAML here: ${lowered(problem.message)}; check brackets, quotes and indentation`;
    default:
      return `not YAML here: ${lowered(problem.message)}`;
  }
}

function lowered(message: string): string {
  return (message.charAt(0).toLowerCase() + message.slice(1))
    .replace(/\s+/g, ' ')
    .replace(/"quote$/, 'quote')
    .replace(/\.$/, '');
}

/** An alias that names nothing or an anchor around itself. */
function unusableAlias(document: Document.Parsed): Place | null {
  let found: Place | null = null;
  visit(document, {
    Alias: (_, node, path) => {
      const target = node.resolve(document);
      const offset = node.range?.[0] ?? 0;
      if (target === undefined) {
        found = {
          offset,
          message: `the alias ${quote(`*${node.source}`)} has no anchor; write the value out`,
        };
      } else if (path.includes(target)) {
        found = {
          offset,
          message: `the alias ${quote(`*${node.source}`)} contains itself; write the value out`,
        };
      }
      return found === null ? undefined : visit.BREAK;
    },
  });
  return found;
}

function firstAlias(document: Document.Parsed): number {
  let offset = 0;
  visit(document, {
    Alias: (_, node) => {
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

interface Step {
  readonly key: Node | null;
  readonly value: Node | null;
}

function located(document: Document.Parsed, value: unknown, text: string): ScenarioDocument {
  const resolved = (node: unknown): Node | null => {
    if (isAlias(node)) return node.resolve(document) ?? null;
    return isNode(node) ? node : null;
  };
  const into = (parent: Node | null, step: PathStep): Step | null => {
    const container = resolved(parent);
    if (isMap(container)) {
      const pair = container.items.find(
        (item) =>
          isPair(item) && (isScalar(item.key) ? String(item.key.value) : String(item.key)) === String(step),
      );
      if (pair === undefined) return null;
      return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
    }
    if (isSeq(container) && typeof step === 'number') {
      const item = container.items[step];
      return isNode(item) ? { key: null, value: item } : null;
    }
    return null;
  };
  /** The last step that was written, and whether it is the whole path. */
  const walk = (path: readonly PathStep[]): { readonly step: Step; readonly complete: boolean } => {
    let step: Step = { key: null, value: document.contents };
    for (const one of path) {
      const next = into(step.value, one);
      if (next === null) return { step, complete: false };
      step = next;
    }
    return { step, complete: true };
  };
  const start = (node: Node | null): number | null => node?.range?.[0] ?? null;
  const keyOffsetOf = (path: readonly PathStep[]): number => {
    const { step } = walk(path);
    return start(step.key) ?? start(step.value) ?? 0;
  };
  return {
    value,
    keyOffsetOf,
    offsetOf: (path) => {
      const { step, complete } = walk(path);
      // What is missing is missing from its parent, which a reader finds by its key.
      if (!complete) return start(step.key) ?? start(step.value) ?? 0;
      const written = step.value?.range;
      const empty = written === null || written === undefined || written[0] === written[1];
      return empty ? (start(step.key) ?? start(step.value) ?? 0) : written[0];
    },
    sourceOf: (path) => {
      const { step, complete } = walk(path);
      const range = step.value?.range;
      return complete && range !== null && range !== undefined ? text.slice(range[0], range[1]).trim() : null;
    },
  };
}
