/** The git repository that a scenario lies in, and other commits of it in worktrees of their own. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EnvironmentFault } from '../../host/index.js';
import { UsageFault } from '../outcome.js';
import { isLeft, temporaryFolder } from './temporary.js';

/** Top folder of the repository that a file lies in; null where it is in none, or there is no git. */
export function repositoryOf(file: string): string | null {
  try {
    return git(dirname(file), ['rev-parse', '--show-toplevel']).trim() || null;
  } catch {
    return null;
  }
}

/** The commit that the working directory has checked out, or null where there is none. */
export function commitHere(): string | null {
  return tried('.', ['rev-parse', 'HEAD']);
}

/** Full id of the commit that `ref` names. Throws UsageFault where it names none. */
export function commitOf(top: string, ref: string): string {
  try {
    return git(top, ['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`]).trim();
  } catch {
    const shallow = tried(top, ['rev-parse', '--is-shallow-repository']) === 'true';
    throw new UsageFault([
      `--against git:${ref}: ${top} has no such commit${
        shallow
          ? '; its history was not fetched (a shallow clone): fetch it with `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout'
          : '; `git fetch` brings those of a remote, which are called origin/BRANCH'
      }`,
    ]);
  }
}

/** The commit checked out there, and whether anything that git follows was changed since. */
export function ownState(top: string): { readonly commit: string; readonly changed: boolean } {
  return {
    commit: git(top, ['rev-parse', 'HEAD']).trim(),
    changed: git(top, ['status', '--porcelain', '--untracked-files=no']).trim() !== '',
  };
}

export interface Worktree {
  readonly directory: string;
  /** Removes it, from disk and from what git remembers; never throws. */
  remove(): void;
}

/** Checks a commit out beside the repository. Worktrees of processes that are gone are removed first. Throws GIT. */
export function addWorktree(top: string, commit: string): Worktree {
  removeLeftWorktrees(top);
  const folder = temporaryFolder('worktree');
  const directory = join(folder, 'tree');
  const remove = () => {
    tried(top, ['worktree', 'remove', '--force', directory]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    git(top, ['worktree', 'add', '--detach', '--force', directory, commit]);
  } catch (cause) {
    remove();
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new EnvironmentFault('GIT', `${commit} could not be checked out into a worktree: ${said}`, {
      cause,
    });
  }
  return { directory, remove };
}

/** A run that was killed leaves its worktree, which git would remember for good. Nobody else's are touched. */
function removeLeftWorktrees(top: string): void {
  const listed = tried(top, ['worktree', 'list', '--porcelain']) ?? '';
  for (const [, directory = ''] of listed.matchAll(/^worktree (.+)$/gm)) {
    if (isLeft(basename(dirname(directory)))) tried(top, ['worktree', 'remove', '--force', directory]);
  }
}

/** What a git command prints, or null where it failed. */
function tried(directory: string, args: readonly string[]): string | null {
  try {
    return git(directory, args).trim();
  } catch {
    return null;
  }
}

function git(directory: string, args: readonly string[]): string {
  // A hook that runs on every checkout is for the user's own.
  return execFileSync('git', ['-C', directory, '-c', 'core.hooksPath=/dev/null', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !REPOSITORY_VARIABLES.has(name))),
  });
}

/** A hook of git's has these set, and they would lead to its repository instead of the scenario's. */
const REPOSITORY_VARIABLES: ReadonlySet<string> = new Set([
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_COMMON_DIR',
]);
