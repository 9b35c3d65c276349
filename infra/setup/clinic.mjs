/**
 * Clinic.js, the profilers of Node variants and of autocannon, into the user's cache: it brings hundreds of packages, which
 * only profiles want. Which, byte for byte, is what the lock file in `clinic` says.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { MissingProgram } from './missing-program.mjs';
import { findExecutable, repositoryRoot, run } from './steps.mjs';

/** The same as in src/host/programs.ts. */
const VERSION = '13.0.0';

/**
 * Path of a clinic: MESHMARK_CLINIC, one on PATH, or the pinned one in the cache, which npm installs where it is not there yet.
 *
 * @returns {Promise<string>}
 * @throws {MissingProgram} where none could be had, with the reason
 */
export async function ensureClinic() {
  const own = process.env.MESHMARK_CLINIC;
  const folder = cacheFolder();
  const program = join(folder, 'node_modules', '.bin', 'clinic');
  const present = findExecutable(own ? [own] : ['clinic', program]);
  if (present !== null) return present;
  if (own) {
    throw new MissingProgram(`MESHMARK_CLINIC names ${own}, which is not a program`, {
      mend: 'correct MESHMARK_CLINIC, or unset it',
    });
  }
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = mkdtempSync(join(dirname(folder), 'clinic-install-'));
  try {
    for (const name of ['package.json', 'package-lock.json']) {
      copyFileSync(join(repositoryRoot, 'infra', 'setup', 'clinic', name), join(fresh, name));
    }
    // npm tells its scripts where it lives; a bare `npm` may be another one, or a shell function.
    const npm = process.env.npm_execpath?.endsWith('.js')
      ? [process.execPath, process.env.npm_execpath]
      : ['npm'];
    // Scripts of packages would run with the user's rights, and clinic does without them.
    const options = ['--ignore-scripts', '--no-progress', '--no-audit', '--no-fund'];
    const { code, output } = await run([...npm, 'ci', ...options], { cwd: fresh });
    if (code !== 0 || !existsSync(join(fresh, 'node_modules', '.bin', 'clinic'))) {
      throw new MissingProgram(`npm could not install clinic ${VERSION}`, {
        mend: 'check that npm can reach its registry (npm config get registry), put clinic on PATH, or name it by MESHMARK_CLINIC',
        output,
      });
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return program;
}

function cacheFolder() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'meshmark', `clinic${VERSION}`);
}
