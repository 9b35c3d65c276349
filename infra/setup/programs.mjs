/**
 * Programs that only tests use: a browser for the report, wrk as a second opinion on the load generator, and the proxies
 * that the Go sidecar is compared with.
 */
import { existsSync } from 'node:fs';
import { aptCommand, installWithApt } from './apt.mjs';
import { findExecutable, SetupFault } from './steps.mjs';

/** What a test step does without its program: it is skipped and counted so, except where CI must not lose it. */
export class MissingProgram extends SetupFault {}

const BROWSERS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * Path of a Chromium: MESHMARK_CHROMIUM, one on this machine, or Debian's, which is installed where we may.
 *
 * @throws {MissingProgram} with the command that brings one
 */
export async function ensureChromium() {
  const own = process.env.MESHMARK_CHROMIUM;
  if (own !== undefined && own !== '') {
    const path = findExecutable([own]);
    if (path !== null) return path;
    throw new SetupFault(`MESHMARK_CHROMIUM names ${own}, which is not a program`, {
      mend: 'correct it, or unset it to have a browser looked for',
    });
  }
  return ensureProgram(BROWSERS, 'chromium', 'set MESHMARK_CHROMIUM to the path of a Chromium or Chrome');
}

/** Path of wrk. @throws {MissingProgram} with the command that brings it */
export async function ensureWrk() {
  return ensureProgram(['wrk'], 'wrk', 'put wrk on PATH');
}

/**
 * Paths of HAProxy and nginx. Their Debian packages start a server of the machine's own where there is a service manager,
 * so they are installed only where there is none, as in a container.
 *
 * @throws {MissingProgram} with the command that brings them
 */
export async function ensureProxies() {
  const start = existsSync('/run/systemd/system');
  const haproxy = await ensureProgram(
    ['haproxy', '/usr/sbin/haproxy'],
    'haproxy',
    'put haproxy on PATH',
    start,
  );
  const nginx = await ensureProgram(['nginx', '/usr/sbin/nginx'], 'nginx-light', 'put nginx on PATH', start);
  return `${haproxy}, ${nginx}`;
}

/** @param {readonly string[]} names @param {string} debianPackage @param {string} otherwise @param {boolean} [presentOnly] */
async function ensureProgram(names, debianPackage, otherwise, presentOnly = false) {
  const present = findExecutable(names);
  if (present !== null) return present;
  if (!presentOnly && (await installWithApt(debianPackage))) {
    const installed = findExecutable(names);
    if (installed !== null) return installed;
  }
  throw new MissingProgram(`there is no ${debianPackage} on this machine`, {
    mend: `${otherwise}; on Debian: ${aptCommand(debianPackage)}`,
  });
}
