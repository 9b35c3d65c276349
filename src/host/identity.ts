/** How processes, cgroups and what a crash left are recognised as ours, and whether their harness still lives. */
import { readFileSync } from 'node:fs';

/** Environment variable that every process of a run carries: the harness that owns it. */
export const OWNER_VARIABLE = 'MESHMARK_OWNER';

/** Start of the name of every cgroup a harness makes; the rest is its owner tag. */
export const CGROUP_PREFIX = 'meshmark-';

/**
 * Start time of a process in clock ticks since boot (proc_pid_stat(5), field 22), or null when there is no such
 * process or no procfs. With the pid it names a process uniquely, since pids are used again.
 */
export function processStartTicks(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const afterName = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (afterName[0] === 'Z') return null;
    const ticks = Number(afterName[19]);
    return Number.isFinite(ticks) ? ticks : null;
  } catch {
    return null;
  }
}

/** Tag of this harness: `<pid>-<start ticks>`, with 0 where the platform does not tell. */
export function ownerTag(): string {
  return `${process.pid}-${processStartTicks(process.pid) ?? 0}`;
}

/** True when the harness that a tag names is still running. A tag that is none of ours counts as alive: hands off. */
export function ownerAlive(tag: string): boolean {
  const match = /^(\d+)-(\d+)$/.exec(tag);
  if (match === null) return true;
  const [pid, ticks] = [Number(match[1]), Number(match[2])];
  if (ticks !== 0) return processStartTicks(pid) === ticks;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
