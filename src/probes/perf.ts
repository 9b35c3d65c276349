/** Looking at a process from the kernel, with perf: for proxies that cannot tell their own call stacks, and for the kernel's part. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descendantsOf, findProgram, howToGet, lastLine, recordSamples, runToEnd } from '../host/index.js';
import type { ProcessStacks } from '../record/index.js';
import { perfStacks } from './perf-script.js';
import { readProcessCpuNs } from './process-cpu.js';

/** Names of a proxy of a hundred megabytes are read anew each time. */
const READING_LIMIT_MS = 120_000;

/** What may be seen here: of whole processes, of their own code only, or why nothing. */
export type PerfSight =
  | { readonly sees: 'all' | 'user'; readonly path: string }
  | { readonly sees: 'nothing'; readonly why: string };

/**
 * What perf may see of our own processes. By the kernel's documentation of perf_event_paranoid (admin-guide/sysctl/kernel):
 * without rights it sees the kernel's part at 1 and below, and only a process's own code at 2; Debian's kernels have 3, which is nothing.
 */
export function perfSight(
  paranoid: string | null = readOrNull('/proc/sys/kernel/perf_event_paranoid'),
  isRoot: boolean = process.getuid?.() === 0,
): PerfSight {
  const path = findProgram('perf');
  if (path === null) return { sees: 'nothing', why: `there is no perf here: ${howToGet('perf')}` };
  if (paranoid === null) return { sees: 'nothing', why: 'this kernel has no perf events' };
  const level = Number(paranoid);
  if (isRoot || level <= 1) return { sees: 'all', path };
  if (level === 2) return { sees: 'user', path };
  return {
    sees: 'nothing',
    why: `the kernel lets only root use perf (kernel.perf_event_paranoid is ${level}): run as root, or set it to 1`,
  };
}

/** What was found, null when nothing was; `note` says why, or what is missing in it. */
export interface PerfLook {
  readonly found: ProcessStacks | null;
  readonly note: string | null;
}

/** Samples a process and those that it started for so long; an abort ends it, and nothing is found. */
export async function readPerfStacks(pid: number, seconds: number, signal: AbortSignal): Promise<PerfLook> {
  const sight = perfSight();
  if (sight.sees === 'nothing') return { found: null, note: sight.why };
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-perf-'));
  try {
    const file = join(folder, 'perf.data');
    const event = sight.sees === 'all' ? 'cpu-clock' : 'cpu-clock:u';
    const pids = [pid, ...descendantsOf(pid)];
    const recorded = await recordSamples(
      { perf: sight.path, event, pids, file, seconds, meter: () => cpuNsOf(pids) },
      signal,
    );
    if (typeof recorded === 'string') return { found: null, note: recorded };
    // Without inlined functions, for which perf asks another program frame by frame, which takes minutes.
    const script = [sight.path, 'script', '-i', file, '--no-inline', '-F', 'period,ip,sym,dso'] as const;
    const read = await runToEnd(script, Buffer.alloc(0), READING_LIMIT_MS);
    if (!read.succeeded) return { found: null, note: `perf script: ${lastLine(read.stderr)}` };
    return {
      found: {
        seconds: recorded.seconds,
        ...scaled(perfStacks(read.stdout), sight.sees === 'all' ? recorded.metered : null),
      },
      note: sight.sees === 'all' ? null : 'the kernel’s part is not in it: only root may see it here',
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU of processes so far, in ns. */
function cpuNsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (readProcessCpuNs(pid) ?? 0), 0);
}

/**
 * The stacks with values that add up to `cpuNs`, what the scheduler counted meanwhile: a software clock that falls due while a
 * process is being switched to comes late, so that of one that runs in short bursts samples are right in proportion only.
 */
function scaled({ functions, stacks }: Omit<ProcessStacks, 'seconds'>, cpuNs: number | null) {
  const sampledNs = stacks.reduce((sum, { value }) => sum + value, 0);
  if (cpuNs === null || !(cpuNs > 0) || sampledNs === 0) return { functions, stacks };
  return {
    functions,
    stacks: stacks.map((stack) => ({ ...stack, value: Math.round((stack.value * cpuNs) / sampledNs) })),
  };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
