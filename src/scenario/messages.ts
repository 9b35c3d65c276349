/** What the schema found, in words a user understands. */
import type { z } from 'zod';
import type { PathStep, Place, ScenarioDocument } from './document.js';
import { quote } from './fault.js';
import { scenarioSchema } from './schema.js';
import { mendUnknown, nearest } from './suggestion.js';

type Issue = z.core.$ZodIssue;

/** `variants[1].id`. */
export function fieldName(path: readonly PathStep[]): string {
  let name = '';
  for (const step of path) {
    if (typeof step === 'number') name += `[${step}]`;
    else name += name === '' ? step : `.${step}`;
  }
  return name;
}

/** One place for each fault that the schema found in the document. */
export function placesOfIssues(issues: readonly Issue[], document: ScenarioDocument): readonly Place[] {
  return issues.flatMap((issue) => placesOfIssue(issue, [], document));
}

function placesOfIssue(
  issue: Issue,
  above: readonly PathStep[],
  document: ScenarioDocument,
): readonly Place[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      offset: document.keyOffsetOf([...path, key]),
      message: unknownKey(key, path),
    }));
  }
  if (issue.code === 'invalid_union') {
    // The branch that fits the shape of what was written knows best what is wrong inside it.
    const fitting = issue.errors.find((branch) =>
      branch.every(
        (inner) => inner.path.length > 0 || !['invalid_type', 'invalid_union'].includes(inner.code),
      ),
    );
    const inside = fitting?.some(
      (inner) => inner.path.length > 0 || ['unrecognized_keys', 'custom'].includes(inner.code),
    );
    if (fitting !== undefined && inside === true) {
      return fitting.flatMap((inner) => placesOfIssue(inner, path, document));
    }
  }
  return [{ offset: document.offsetOf(path), message: fieldMessage(path, predicateOf(issue), document) }];
}

/** "`name` is missing; it must be …", "`name` is empty; …" or "`name` must be …, not `…`". */
function fieldMessage(path: readonly PathStep[], predicate: string, document: ScenarioDocument): string {
  if (path.length === 0) return `the scenario ${predicate}`;
  const name = quoteField(path);
  const source = document.sourceOf(path);
  const value = valueAt(document.value, path);
  if (value === undefined) return `${name} is missing; it ${predicate}`;
  if (value === null && (source === null || source === '' || source === 'null' || source === '~')) {
    return `${name} is empty; it ${predicate}`;
  }
  if (source === null || source === '') return `${name} ${predicate}`;
  const written = source.includes('\n') ? `${source.slice(0, source.indexOf('\n'))}…` : source;
  if (!predicate.startsWith('must be')) return `${name}: ${quote(written)} ${predicate}`;
  // What was written goes before the explanation, which follows the first colon or semicolon outside backticks.
  const [, want = predicate, because = ''] = /^((?:`[^`]*`|[^`:;])*)(.*)$/s.exec(predicate) ?? [];
  return `${name} ${want}, not ${quote(written)}${because}`;
}

/** Only keys that the schema knows lead to a field, so that nothing hostile can be in its name. */
function quoteField(path: readonly PathStep[]): string {
  return `\`${fieldName(path)}\``;
}

export function valueAt(value: unknown, path: readonly PathStep[]): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<PathStep, unknown>>)[step];
  }
  return at;
}

/** "must be …" of an issue: the schema's own words where it has any, else made from the issue. */
function predicateOf(issue: Issue): string {
  if (/^(must|needs|has|is) /.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => `\`${String(value)}\``).join(' or ')}`;
    case 'too_small':
      return `must be at least ${String(issue.minimum)}`;
    case 'too_big':
      return `must be at most ${String(issue.maximum)}`;
    case 'invalid_union': {
      const wants = issue.errors.flatMap((branch) => branch.slice(0, 1).map(predicateOf));
      return wants.length === 0
        ? 'must have another form'
        : `must be ${wants.map((want) => want.replace(/^must be /, '')).join(' or ')}`;
    }
    default:
      return 'must have another form';
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a mapping',
};

function unknownKey(key: string, path: readonly PathStep[]): string {
  const known = keysAt(path);
  const where = path.length === 0 ? '' : ` in ${quoteField(path)}`;
  const elsewhere = nearest(key, known) === null ? sectionOf(key, path) : null;
  const mend = elsewhere === null ? mendUnknown(key, known) : `; it belongs in \`${elsewhere}\``;
  return `unknown key ${quote(key)}${where}${mend}`;
}

interface JsonShape {
  readonly def: {
    readonly type: string;
    readonly innerType?: JsonShape;
    readonly element?: JsonShape;
    readonly options?: readonly JsonShape[];
    readonly shape?: Readonly<Record<string, JsonShape>>;
  };
}

/** The keys that the schema knows in the mapping at `path`. */
function keysAt(path: readonly PathStep[]): readonly string[] {
  let at = mappingOf(scenarioSchema as unknown as JsonShape);
  for (const step of path) {
    const inner: JsonShape | undefined = typeof step === 'number' ? at?.def.element : at?.def.shape?.[step];
    at = inner === undefined ? undefined : mappingOf(inner);
  }
  return Object.keys(at?.def.shape ?? {});
}

/** The mapping or list inside optional, default and union wrappers. */
function mappingOf(schema: JsonShape): JsonShape | undefined {
  if (schema.def.innerType !== undefined) return mappingOf(schema.def.innerType);
  if (schema.def.options !== undefined) {
    return schema.def.options.map(mappingOf).find((option) => option?.def.shape !== undefined);
  }
  return schema;
}

/** The section of the scenario that has this very key, when a key stands outside the section it belongs in. */
function sectionOf(key: string, path: readonly PathStep[]): string | null {
  const sections = ['slices', 'workload', 'load', 'topology'].filter(
    (section) => section !== path[0] && keysAt([section]).includes(key),
  );
  if (path.length > 0 && keysAt([]).includes(key)) return null;
  const [only, more] = sections;
  return only !== undefined && more === undefined ? only : null;
}
