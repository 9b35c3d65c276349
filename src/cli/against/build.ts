/** Building the variants of a plan that are built: from the scenario's repository, and from another commit of it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createProcessHost, describeExit, EnvironmentFault, installRoot } from '../../host/index.js';
import type { Against, Plan } from '../../plan/index.js';
import type { ComparedCommit } from '../../record/index.js';
import type { VariantSpec, Version } from '../../variants/index.js';
import { Interrupted, UsageFault } from '../outcome.js';
import { identicalIn } from './programs.js';
import { addWorktree, commitOf, ownState, repositoryOf, type Worktree } from './repository.js';
import { temporaryFolder } from './temporary.js';

/** Where the data plane's module lies in meshmark's own repository. */
const DATA_PLANE_MODULE = join('infra', 'dataplane');

/** The commit that a run compares with. */
export interface ComparedWith {
  /** Top folder of the scenario's repository. */
  readonly top: string;
  /** As it was asked for, such as `git:main`. */
  readonly asked: string;
  readonly commit: string;
  /** What the plan must know of it. */
  readonly plan: Against;
}

/**
 * Finds the commit that `--against` names, `git:REF`, in the repository of the scenario. Throws UsageFault where either
 * is missing.
 */
export function comparedWith(asked: string, scenario: string): ComparedWith {
  const ref = /^git:(.+)$/.exec(asked)?.[1];
  if (ref === undefined) {
    throw new UsageFault([
      `--against ${asked}: must be \`git:\` and a commit, branch or tag, such as \`git:origin/main\`; a stored baseline is for \`meshmark gate RUN --against NAME\``,
    ]);
  }
  const top = repositoryOf(resolve(scenario));
  if (top === null) {
    throw new UsageFault([`--against ${asked}: ${scenario} lies in no git repository, or git is not here`]);
  }
  return { top, asked, commit: commitOf(top, ref), plan: { ownDataPlane: isMeshmark(top) } };
}

/** Whether a repository holds the sources of the data plane that this installation runs. */
function isMeshmark(top: string): boolean {
  const module = (root: string) => {
    const path = join(root, DATA_PLANE_MODULE, 'go.mod');
    return existsSync(path) ? /^module (\S+)/m.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
  };
  const own = module(installRoot);
  return own !== undefined && module(top) === own;
}

interface Built {
  /** The plan with the programs that were built in it. */
  readonly plan: Plan;
  /** Absent where nothing is compared with another commit. */
  readonly against?: ComparedCommit;
}

/**
 * Builds what the plan's variants are built from, nothing where nothing is, hands what runs on to `use`, and then removes what
 * was built outside of the repository. Builds end with the harness, and with the signal. Throws EnvironmentFault with the
 * end of what a build said, and GIT; Interrupted where the signal ended a build; and what `use` does.
 */
export async function withBuilt<T>(
  plan: Plan,
  against: ComparedWith | null,
  { note, signal }: How,
  use: (built: Built) => Promise<T>,
): Promise<T> {
  if (plan.variants.every(({ build }) => build === undefined)) return await use({ plan });
  const folder = temporaryFolder('built');
  let worktree: Worktree | null = null;
  try {
    worktree = against === null ? null : addWorktree(against.top, against.commit);
    return await use(await built(plan, against, worktree, folder, { note, signal }));
  } finally {
    worktree?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface How {
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}

async function built(
  plan: Plan,
  against: ComparedWith | null,
  worktree: Worktree | null,
  folder: string,
  { note, signal }: How,
): Promise<Built> {
  const scenario = resolve(plan.scenario.path);
  const own = against?.top ?? repositoryOf(scenario) ?? dirname(scenario);
  const host = createProcessHost();
  const stop = () => {
    host.close().catch(() => undefined);
  };
  signal.addEventListener('abort', stop);
  const run: RunBuild = async (argv, directory, what) => {
    note(`building ${what}`);
    const build = host.start({ argv, cores: null, cgroup: null, directory });
    build.closeInput();
    const exit = await build.exited;
    if (signal.aborted) throw new Interrupted();
    if (exit.code === 0) return;
    const said = build.logTail().join('\n').trim();
    throw new EnvironmentFault(
      'BUILD_FAILED',
      `${what} could not be built (${describeExit(exit)})${said === '' ? '' : `:\n${said}`}`,
    );
  };
  try {
    let variants = await builtFrom(
      { version: 'own', directory: own, called: own },
      plan.variants,
      folder,
      run,
    );
    if (against === null || worktree === null) return { plan: { ...plan, variants } };
    const { top, asked, commit } = against;
    const called = `${asked} (${commit.slice(0, 12)})`;
    const base = { version: 'base', directory: worktree.directory, called } as const;
    variants = await builtFrom(base, variants, folder, run);
    const identical = identicalIn(variants, plan.analysis.pairs);
    note(
      identical.length === 0
        ? `each variant is measured beside itself at ${called}`
        : `${identical.join(', ')}: the same program, byte for byte, at ${called}; both are measured all the same`,
    );
    return { plan: { ...plan, variants }, against: { asked, commit, own: ownState(top), identical } };
  } finally {
    signal.removeEventListener('abort', stop);
    await host.close();
  }
}

interface Sources {
  readonly version: Version;
  readonly directory: string;
  /** In words, for a note or a fault. */
  readonly called: string;
}

/** Runs a build to its end; `what` is what it builds, in words. */
type RunBuild = (argv: readonly string[], directory: string, what: string) => Promise<void>;

/** The variants, those of one version with the programs they stand of. */
async function builtFrom(
  { version, directory, called }: Sources,
  variants: readonly VariantSpec[],
  folder: string,
  run: RunBuild,
): Promise<readonly VariantSpec[]> {
  const own = variants.flatMap(({ build }) => (build?.version === version ? [build] : []));
  const program = join(folder, `dataplane-${version}`);
  if (own.some(({ command }) => command === null)) {
    const module = join(directory, DATA_PLANE_MODULE);
    if (!existsSync(join(module, 'go.mod'))) {
      throw new EnvironmentFault(
        'BUILD_FAILED',
        `${called} has no data plane: ${DATA_PLANE_MODULE}/go.mod is not there`,
      );
    }
    const script = join(installRoot, 'infra', 'setup', 'build-go.mjs');
    const argv = [process.execPath, script, '--module', module, '--out', program];
    await run(argv, directory, `the data plane of ${called}`);
  }
  // Variants of one proxy are often built by one command, which need not run twice.
  const commands = new Map(
    own.flatMap(({ command }) => (command === null ? [] : [[command.join(' '), command]])),
  );
  for (const [words, command] of commands) await run(command, directory, `by \`${words}\` in ${called}`);
  return variants.map((variant) => {
    if (variant.build?.version !== version) return variant;
    return variant.build.command === null ? { ...variant, program } : { ...variant, directory };
  });
}
