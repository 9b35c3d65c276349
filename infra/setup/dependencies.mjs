/** Node itself and the packages of package-lock.json. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, runOrFault, SetupFault } from './steps.mjs';

/**
 * Compares the running Node with package.json's `engines.node`, which has the form ">=A.B".
 *
 * @returns {Promise<string>} the version, for the step's line
 * @throws {SetupFault} when it is too old
 */
export async function checkNode() {
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'));
  const needed = String(manifest.engines.node).replace('>=', '');
  if (!versionAtLeast(process.versions.node, needed)) {
    throw new SetupFault(`Node ${process.versions.node} is too old: meshmark needs ${needed} or newer`, {
      mend: 'install a newer Node.js and run the command again',
    });
  }
  return process.versions.node;
}

/**
 * True when `version` is `minimum` or later; both are numbers separated by dots, and a missing one counts as 0.
 *
 * @param {string} version
 * @param {string} minimum
 */
export function versionAtLeast(version, minimum) {
  const [have, need] = [version, minimum].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let index = 0; index < 3; index++) {
    const difference = (have?.[index] ?? 0) - (need?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Runs `npm ci` when node_modules does not hold what package-lock.json says.
 *
 * @returns {Promise<string>} what was done
 * @throws {SetupFault} when npm fails
 */
export async function ensureDependencies() {
  const stale = staleReason();
  if (stale === null) return 'up to date';
  // npm tells its scripts where it lives; a bare `npm` may be another one, or a shell function.
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  await runOrFault([...npm, 'ci', '--no-progress'], {
    mend: 'check that npm can reach its registry (npm config get registry), then run the command again',
  });
  return `installed (${stale})`;
}

/**
 * Why node_modules must be installed anew, or null. npm leaves a copy of the lock file it installed from in
 * node_modules as its last act, so an interrupted installation has none.
 *
 * @returns {string | null}
 */
function staleReason() {
  const installedPath = join(repositoryRoot, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return 'there was none';
  /** @type {Record<string, {version?: string, optional?: boolean}>} */
  const wanted = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')).packages;
  /** @type {Record<string, {version?: string}>} */
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const present = installed[path];
    // Optional packages are for other platforms too, and rightly absent there.
    if (present === undefined && optional) continue;
    if (present?.version !== version) return 'package-lock.json changed';
  }
  return null;
}
