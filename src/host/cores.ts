/** Which cores the generator's side and the data plane get. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

export interface CoreSplit {
  /** Generator, services and the harness itself. */
  readonly generator: readonly number[];
  readonly dataPlane: readonly number[];
  /** Why the two sides share cores, or null when they do not. */
  readonly shared: string | null;
}

/**
 * Splits the cores this process may use: the data plane gets the upper half, the generator and the services the
 * lower. With one core, or where affinity cannot be set, both sides share everything and `shared` says why.
 */
export function splitCores(allowed: readonly number[], canPin: boolean): CoreSplit {
  if (!canPin) {
    return { generator: allowed, dataPlane: allowed, shared: 'this platform cannot pin processes to cores' };
  }
  if (allowed.length < 2) {
    return { generator: allowed, dataPlane: allowed, shared: 'there is only one core' };
  }
  const half = Math.floor(allowed.length / 2);
  return { generator: allowed.slice(0, half), dataPlane: allowed.slice(half), shared: null };
}

/** The cores this process may run on: its affinity mask on Linux, else all of them. */
export function allowedCores(): number[] {
  try {
    const line = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (line?.[1] !== undefined) return parseCoreList(line[1]);
  } catch {
    // No procfs: fall through to the count.
  }
  return Array.from({ length: Math.max(availableParallelism(), cpus().length, 1) }, (_, core) => core);
}

/** Parses the kernel's list format, for example `0-3,7` (cpuset(7), "List format"). */
export function parseCoreList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first, last] = range.split('-').map(Number);
    if (first === undefined || Number.isNaN(first)) return [];
    const end = last ?? first;
    return Array.from({ length: end - first + 1 }, (_, offset) => first + offset);
  });
}
