/** Finding the processes and cgroups of one run from outside, by what the kernel says of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RunProcess {
  readonly pid: number;
  readonly command: readonly string[];
}

/** Every live process that carries the tag of the harness `harnessPid`, the harness itself not included. */
export function processesOf(harnessPid: number): RunProcess[] {
  const found: RunProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const environment = readFileSync(join('/proc', entry, 'environ'), 'utf8').split('\0');
      if (!environment.some((pair) => pair.startsWith(`MESHMARK_OWNER=${harnessPid}-`))) continue;
      if (/^State:\s*Z/m.test(readFileSync(join('/proc', entry, 'status'), 'utf8'))) continue;
      const command = readFileSync(join('/proc', entry, 'cmdline'), 'utf8')
        .split('\0')
        .slice(0, -1);
      found.push({ pid: Number(entry), command });
    } catch {
      // Ended while we looked.
    }
  }
  return found;
}

/** cgroups that the harness `harnessPid` made and that are still there; those of every process of meshmark's when it is null. */
export function cgroupsOf(harnessPid: number | null): string[] {
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[2] === 'cgroup2')?.[1];
  if (mount === undefined) return [];
  return readdirSync(mount).filter((name) =>
    name.startsWith(harnessPid === null ? 'meshmark-' : `meshmark-${harnessPid}-`),
  );
}
