/** CPU of another process, for the few that the slice engine does not read. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time of all threads of a process that are alive, in ns, from the scheduler's own statistics (proc(5),
 * /proc/[pid]/task/[tid]/schedstat, first field). Null when the process is gone or the platform has none.
 */
export function readProcessCpuNs(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
      const [onCpu = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      return sum + Number(onCpu);
    }, 0);
  } catch {
    return null;
  }
}
