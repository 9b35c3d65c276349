/** What an earlier crash left on this machine: processes and cgroups whose harness is no more. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroup2Mount } from './cgroups.js';
import { CGROUP_PREFIX, OWNER_VARIABLE, ownerAlive } from './identity.js';

export interface Leftovers {
  readonly processes: readonly { readonly pid: number; readonly command: string }[];
  readonly cgroups: readonly string[];
}

/** Finds what carries a dead harness's tag. Linux only; elsewhere the guard is the only cleaner. */
export function findLeftovers(): Leftovers {
  if (process.platform !== 'linux') return { processes: [], cgroups: [] };
  return { processes: orphanProcesses(), cgroups: orphanCgroups() };
}

function orphanProcesses(): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const environment = readFileSync(join('/proc', entry, 'environ'), 'utf8').split('\0');
      const tag = environment
        .find((pair) => pair.startsWith(`${OWNER_VARIABLE}=`))
        ?.slice(OWNER_VARIABLE.length + 1);
      if (tag === undefined || ownerAlive(tag)) continue;
      const command = readFileSync(join('/proc', entry, 'cmdline'), 'utf8')
        .replaceAll('\0', ' ')
        .trim();
      found.push({ pid: Number(entry), command });
    } catch {
      // Ended while we looked, or somebody else's.
    }
  }
  return found;
}

function orphanCgroups(): string[] {
  const mount = cgroup2Mount();
  if (mount === null) return [];
  try {
    return readdirSync(mount, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.startsWith(CGROUP_PREFIX))
      .filter((entry) => !ownerAlive(entry.name.slice(CGROUP_PREFIX.length)))
      .map((entry) => join(mount, entry.name));
  } catch {
    return [];
  }
}
