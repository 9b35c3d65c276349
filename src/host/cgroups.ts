/** A cgroup for each variant, so that what is in it can be found, accounted and killed as one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentFault } from './fault.js';
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

/**
 * Moves this process into a cgroup, so that programs attached to it see the connections that the harness makes. Returns the
 * way back, which must be taken before the cgroup is removed: removing kills what is in it. Throws CGROUP.
 */
export function joinCgroup(directory: string): () => void {
  const mount = cgroup2Mount();
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .find((line) => line.startsWith('0::'))
    ?.slice('0::'.length);
  if (mount === null || own === undefined) {
    throw new EnvironmentFault('CGROUP', 'this process is in no cgroup of version 2');
  }
  enter(directory);
  return () => {
    try {
      enter(join(mount, own));
    } catch {
      // Its old place is gone or full; the root takes every process.
      enter(mount);
    }
  };
}

function enter(directory: string): void {
  try {
    writeFileSync(join(directory, 'cgroup.procs'), String(process.pid));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new EnvironmentFault('CGROUP', `the kernel does not move this process to ${directory} (${code})`);
  }
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
