/** Folders that live as long as a run, and what a run that was killed left of them. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerAlive, ownerTag } from '../../host/index.js';

/** The kind of what is in it, and the process that it is of. */
const NAME = /^meshmark-(worktree|built)-(\d+-\d+)\./;

/** A fresh folder, by its real path. Those of processes that are gone are removed first. */
export function temporaryFolder(kind: 'worktree' | 'built'): string {
  for (const name of readdirSync(tmpdir())) {
    if (isLeft(name)) removeIfOurs(join(tmpdir(), name));
  }
  return realpathSync(mkdtempSync(join(tmpdir(), `meshmark-${kind}-${ownerTag()}.`)));
}

/** What another user left is for that user to remove. */
function removeIfOurs(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Not permitted; it is in nobody's way.
  }
}

/** Whether a folder of that name is of a process that is gone. */
export function isLeft(name: string): boolean {
  const tag = NAME.exec(name)?.[2];
  return tag !== undefined && !ownerAlive(tag);
}
