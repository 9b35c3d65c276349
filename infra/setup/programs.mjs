/** Programs that only tests use: a browser for the report, and wrk as a second opinion on the load generator. */
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

/** @param {readonly string[]} names @param {string} debianPackage @param {string} otherwise */
async function ensureProgram(names, debianPackage, otherwise) {
  const present = findExecutable(names);
  if (present !== null) return present;
  if (await installWithApt(debianPackage)) {
    const installed = findExecutable(names);
    if (installed !== null) return installed;
  }
  throw new MissingProgram(`there is no ${debianPackage} on this machine`, {
    mend: `${otherwise}; on Debian: ${aptCommand(debianPackage)}`,
  });
}
