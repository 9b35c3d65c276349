/** `meshmark clean`: removes what an earlier crash left, and nothing of a run that is still alive. */
import { findLeftovers, removeCgroup, systemClock } from '../host/index.js';
import { EXIT, type ExitCode } from './outcome.js';
import { plainText, type Terminal } from './terminal.js';

/** Ends orphaned processes and removes orphaned cgroups; exit 4 when something would not go. */
export async function cleanCommand(
  terminal: Terminal,
  options: { readonly dryRun: boolean },
): Promise<ExitCode> {
  const found = findLeftovers();
  const verb = options.dryRun ? 'would end' : 'ended';
  for (const { pid, command } of found.processes) {
    if (!options.dryRun) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
    terminal.print(`${verb} process ${pid} (${plainText(command).slice(0, 100)})`);
  }
  let stuck = 0;
  for (const directory of found.cgroups) {
    if (options.dryRun) terminal.print(`would remove cgroup ${directory}`);
    else if (await removeCgroup(directory, (ms) => systemClock.sleep(ms)))
      terminal.print(`removed cgroup ${directory}`);
    else {
      stuck += 1;
      terminal.note(
        `cgroup ${directory} could not be removed: something in it does not die; look at its cgroup.procs`,
      );
    }
  }
  if (found.processes.length === 0 && found.cgroups.length === 0) terminal.print('nothing was left behind');
  return stuck === 0 ? EXIT.passed : EXIT.environment;
}
