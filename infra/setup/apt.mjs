/** Debian packages, where we may install them. */
import { findExecutable, run } from './steps.mjs';

/** The command that a user without root runs instead. @param {string} name */
export function aptCommand(name) {
  return `sudo apt-get update && sudo apt-get install -y ${name}`;
}

/** One installation at a time: a second apt-get finds the first one's lock and gives up. @type {Promise<unknown>} */
let before = Promise.resolve();

/**
 * Installs a Debian package when we are root on a machine with apt.
 *
 * @param {string} name
 * @returns {Promise<boolean>} whether it is installed now; false also where we may not
 */
export async function installWithApt(name) {
  if (process.getuid?.() !== 0 || findExecutable(['apt-get']) === null) return false;
  const own = before.then(() => install(name));
  before = own.catch(() => undefined);
  return own;
}

/** @param {string} name */
async function install(name) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(['apt-get', 'update', '-qq'], { env });
  const { code } = await run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', name], { env });
  return code === 0;
}
