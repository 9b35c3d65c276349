/** What `perf script` prints of samples with their call stacks, as stacks of names. */
import { basename } from 'node:path';
import type { ProcessStacks } from '../record/index.js';

const KERNEL = /^\[(kernel\.kallsyms|kernel\.vmlinux|guest\.kernel\.kallsyms)\]/;
const UNKNOWN = '[unknown]';

/**
 * Stacks from `perf script -F period,ip,sym,dso`: of each sample a line with its period, in ns for the event cpu-clock, then
 * a line `ADDRESS NAME (FILE)` for each frame, the innermost first, and an empty line. Names of the kernel get ` [kernel]` behind
 * them and those of a library its file; what has no name is called by its file. Equal stacks are added up.
 */
export function perfStacks(text: string): Omit<ProcessStacks, 'seconds'> {
  const places = new Map<string, number>();
  const stacks = new Map<string, { frames: number[]; value: number; samples: number }>();
  for (const sample of text.split(/\n\s*\n/)) {
    const [head = '', ...lines] = sample.split('\n').filter((line) => line.trim() !== '');
    const period = Number(head.trim());
    if (head.trim() === '' || !Number.isFinite(period)) continue;
    const names = namesOf(lines);
    const frames = names.map((name) => {
      const place = places.get(name) ?? places.size;
      places.set(name, place);
      return place;
    });
    const key = frames.join(' ');
    const stack = stacks.get(key) ?? { frames, value: 0, samples: 0 };
    stacks.set(key, stack);
    stack.value += period;
    stack.samples += 1;
  }
  return { functions: [...places.keys()], stacks: [...stacks.values()] };
}

/** The outermost first. Where frame pointers end, perf goes on with whatever is on the stack: such frames have no file. */
function namesOf(lines: readonly string[]): string[] {
  const names = lines.flatMap((line) => {
    const [, symbol = UNKNOWN, file = UNKNOWN] =
      /^\s*[0-9a-f]+ (.*?) \(([/[].*)\)$/.exec(line.replace(/ \(deleted\)\)$/, ')')) ?? [];
    return symbol === UNKNOWN && file === UNKNOWN ? [] : [nameOf(symbol, file)];
  });
  const outermostFirst = names.reverse();
  return outermostFirst.length === 0
    ? ['(no stack)']
    : // A stretch of frames without names says no more than one of them.
      outermostFirst.filter((name, at) => !name.endsWith(NAMELESS) || name !== outermostFirst[at - 1]);
}

const NAMELESS = ' [no symbols]';

function nameOf(symbol: string, file: string): string {
  if (KERNEL.test(file)) return `${symbol} [kernel]`;
  // A module of the kernel: `[nf_tables]`.
  const module = /^\[(.+)\]$/.exec(file)?.[1];
  if (module !== undefined) return `${symbol === UNKNOWN ? module : symbol} [kernel]`;
  if (symbol === UNKNOWN) return `${basename(file)}${NAMELESS}`;
  return /\.so(\.|$)/.test(file) ? `${symbol} [${basename(file)}]` : symbol;
}
