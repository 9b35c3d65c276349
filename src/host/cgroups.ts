/** A cgroup for each variant, so that what is in it can be found, accounted and killed as one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CGROUP_PREFIX, ownerTag } from './identity.js';

/** Where cgroup v2 is mounted (on hybrid machines beside the v1 controllers), or null. */
export function cgroup2Mount(mounts = readMounts()): string | null {
  for (const line of mounts.split('\n')) {
    const [, target, type] = line.split(' ');
    if (type === 'cgroup2' && target !== undefined) return target.replaceAll('\\040', ' ');
  }
  return null;
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mounts', 'utf8');
  } catch {
    return '';
  }
}

export type RunCgroup =
  | { readonly state: 'made'; readonly directory: string }
  | { readonly state: 'none'; readonly reason: string };

/** Makes the run's own cgroup, or says why there is none. */
export function makeRunCgroup(): RunCgroup {
  if (process.platform !== 'linux') return { state: 'none', reason: 'no cgroups on this platform' };
  const mount = cgroup2Mount();
  if (mount === null) return { state: 'none', reason: 'no cgroup v2 mount' };
  const directory = join(mount, CGROUP_PREFIX + ownerTag());
  try {
    mkdirSync(directory, { recursive: true });
    return { state: 'made', directory };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return {
      state: 'none',
      reason:
        code === 'EACCES' || code === 'EPERM' ? 'cgroups need root' : `cgroup v2 refused a group (${code})`,
    };
  }
}

/** Makes a child cgroup and returns its directory. */
export function makeChildCgroup(parent: string, name: string): string {
  const directory = join(parent, name);
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Kills everything in a cgroup and below it, and removes it. Returns false when something would not go in 2 s. */
export async function removeCgroup(
  directory: string,
  sleep: (ms: number) => Promise<void>,
): Promise<boolean> {
  const deadline = Date.now() + 2000;
  while (existsSync(directory)) {
    killCgroup(directory);
    if (tryRemoveTree(directory)) return true;
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function killCgroup(directory: string): void {
  const kill = join(directory, 'cgroup.kill');
  if (!existsSync(kill)) return;
  try {
    writeFileSync(kill, '1');
  } catch {
    // Gone between the look and the write.
  }
}

function tryRemoveTree(directory: string): boolean {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) tryRemoveTree(join(directory, entry.name));
    }
    rmdirSync(directory);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
