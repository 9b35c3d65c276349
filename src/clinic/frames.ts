/** Names of functions as both V8's profilers give them, made short and equal from run to run. */
import type { ProcessStacks } from '../record/index.js';

/** A stack on its way into the record: functions, the outermost first. */
export interface NamedStack {
  readonly frames: readonly string[];
  readonly value: number;
  readonly samples: number;
}

/** Loading the program, or profiling it, is no answer to a request. */
const STARTING =
  / node:(internal\/(main|bootstrap|per_context|modules)\/\S+|internal\/process\/pre_execution|inspector)$/;

/** Whether a stack is of the program's start, or of the profiler itself. */
export function isStarting(frames: readonly string[]): boolean {
  return frames.some((frame) => STARTING.test(frame));
}

/** Folders of a path that are kept: enough to tell whose file it is. */
const FOLDERS_KEPT = 1;

/** `forward node-sidecar/http-streams.js`: the function and its file, without line, origin and most folders. */
export function functionName(name: string, file: string): string {
  const own = name === '' ? '(anonymous)' : name;
  if (file === '') return own;
  if (file.startsWith('node:')) return `${own} ${file}`;
  const parts = file
    .replace(/^file:\/\//, '')
    .split(/[\\/]/)
    .filter((part) => part !== '');
  return `${own} ${parts.slice(-1 - FOLDERS_KEPT).join('/')}`;
}

/** What is in no JavaScript: a system call, a library of C. Shown as such, and charged to the function that called it. */
export function nativeName(name: string): string {
  return `${name.replace(/@.*$/, '').split('/').at(-1) ?? name} [native]`;
}

/** Equal stacks added up, in the record's form. */
export function processStacksOf(stacks: Iterable<NamedStack>, seconds: number): ProcessStacks {
  const places = new Map<string, number>();
  const sums = new Map<string, { frames: number[]; value: number; samples: number }>();
  for (const { frames, value, samples } of stacks) {
    const indices = frames.map((name) => {
      const place = places.get(name) ?? places.size;
      places.set(name, place);
      return place;
    });
    const key = indices.join(' ');
    const sum = sums.get(key) ?? { frames: indices, value: 0, samples: 0 };
    sums.set(key, sum);
    sum.value += value;
    sum.samples += samples;
  }
  return { seconds, functions: [...places.keys()], stacks: [...sums.values()] };
}

/** What has the most by the innermost function that is no native code, as the findings name it. */
export function largestFunctions(
  { functions, stacks }: ProcessStacks,
  valueIn: (stack: ProcessStacks['stacks'][number]) => number,
  most: number,
): { readonly total: number; readonly largest: { name: string; value: number }[] } {
  const sums = new Map<string, number>();
  let total = 0;
  for (const stack of stacks) {
    const names = stack.frames.map((frame) => functions[frame] ?? '(unknown)');
    const own = names.findLast((name) => !name.endsWith(' [native]')) ?? names.at(-1) ?? '(no stack)';
    sums.set(own, (sums.get(own) ?? 0) + valueIn(stack));
    total += valueIn(stack);
  }
  const largest = [...sums].map(([name, value]) => ({ name, value }));
  largest.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
  return { total, largest: largest.slice(0, most) };
}
