/** `meshmark clean --cluster`: removes what crashed runs left in a cluster, and nothing of a run that may be alive. */
import { findRemains, type Remain } from '../cluster/index.js';
import { EnvironmentFault } from '../host/index.js';
import { EXIT, type ExitCode } from './outcome.js';
import { plainText, type Terminal } from './terminal.js';

export interface CleanClusterOptions {
  readonly dryRun: boolean;
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly namespace: string | null;
  /** Only this run, and that even if it may be alive; null for all that must have ended. */
  readonly run: string | null;
}

/** Exit 4 when something would not go. Throws EnvironmentFault when the cluster cannot be asked. */
export async function cleanCluster(terminal: Terminal, options: CleanClusterOptions): Promise<ExitCode> {
  const { found, remove } = await findRemains(options, options.namespace);
  const meant = found.filter((remain) => isMeant(remain, options.run));
  let stuck = 0;
  for (const remain of meant) {
    const what = describe(remain);
    if (options.dryRun) {
      terminal.print(`would remove ${what}`);
      continue;
    }
    try {
      await remove(remain);
      terminal.print(`removed ${what}`);
    } catch (fault) {
      if (!(fault instanceof EnvironmentFault)) throw fault;
      stuck += 1;
      terminal.note(fault.message);
    }
  }
  for (const remain of found.filter((one) => !meant.includes(one) && options.run === null)) {
    const until = remain.until === null ? 'at any time' : `until ${remain.until.toISOString()}`;
    terminal.print(
      `left ${describe(remain)}: it may be alive ${until}; \`--run ${plainText(remain.run)}\` removes it`,
    );
  }
  if (found.length === 0) terminal.print('nothing was left behind');
  else if (meant.length === 0 && options.run !== null)
    terminal.print(`there is nothing of the run ${plainText(options.run)}`);
  return stuck === 0 ? EXIT.passed : EXIT.environment;
}

function isMeant({ run, until }: Remain, asked: string | null): boolean {
  return asked === null ? until !== null && until.getTime() < Date.now() : run === asked;
}

function describe({ run, namespace, own }: Remain): string {
  return own
    ? `the namespace ${plainText(namespace)} of the run ${plainText(run)}`
    : `the pods and secrets of the run ${plainText(run)} in ${plainText(namespace)}`;
}
