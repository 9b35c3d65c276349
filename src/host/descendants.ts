/** The processes that a process started, and those that these started. */
import { readdirSync, readFileSync } from 'node:fs';

/** Pids of all living descendants, by proc(5); none where there is no /proc. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const one of livingPids()) {
    const parent = parentOf(one);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), one]);
  }
  const found: number[] = [];
  const open = [pid];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const own = children.get(at) ?? [];
    found.push(...own);
    open.push(...own);
  }
  return found;
}

function livingPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The second field after the name, which is in brackets and may hold any character. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return parent === undefined ? null : Number(parent);
  } catch {
    return null;
  }
}
