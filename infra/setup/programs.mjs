/**
 * Programs that only tests use: a browser for the report, wrk as a second opinion on the load generator, and the proxies
 * that the Go sidecar is compared with.
 */
import { existsSync } from 'node:fs';
import { aptCommand, installWithApt } from './apt.mjs';
import { ensureEnvoy } from './envoy.mjs';
import { MissingProgram } from './missing-program.mjs';
import { findExecutable, SetupFault } from './steps.mjs';

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

// The Debian packages of these start a server of the machine's own where there is a service manager, so they are installed
// only where there is none, as in a container.
const startsServers = existsSync('/run/systemd/system');

/** Path of HAProxy. @throws {MissingProgram} with the command that brings it */
export function ensureHaproxy() {
  return ensureProgram(named('HAPROXY', 'haproxy'), 'haproxy', 'put haproxy on PATH', startsServers);
}

/** Path of nginx. @throws {MissingProgram} with the command that brings it */
export function ensureNginx() {
  return ensureProgram(named('NGINX', 'nginx'), 'nginx-light', 'put nginx on PATH', startsServers);
}

/** Where a server may be: where its variable says, or on PATH, or where Debian puts servers. @param {string} variable @param {string} name */
function named(variable, name) {
  const own = process.env[`MESHMARK_${variable}`];
  return own ? [own] : [name, `/usr/sbin/${name}`];
}

/**
 * Paths of Envoy, HAProxy and nginx. Each is tried, whatever became of the others.
 *
 * @throws {MissingProgram} with what could not be had, and the commands that bring it
 */
export async function ensureProxies() {
  const tried = await Promise.allSettled([ensureEnvoy(), ensureHaproxy(), ensureNginx()]);
  const faults = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  const unforeseen = faults.find((fault) => !(fault instanceof MissingProgram));
  if (unforeseen !== undefined) throw unforeseen;
  if (faults.length > 0) {
    throw new MissingProgram(faults.map(({ message }) => message).join('; '), {
      mend: faults.map(({ mend }) => mend).join('; '),
      output: faults.map(({ output }) => output).join(''),
    });
  }
  return tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])).join(', ');
}

/** Path of perf. @throws {MissingProgram} with the command that brings it */
export function ensurePerf() {
  const own = process.env.MESHMARK_PERF;
  return ensureProgram(own ? [own] : ['perf'], 'linux-perf', 'put perf on PATH');
}

/**
 * Path of nft, which redirects connections for comparison, and whether what compiles eBPF programs is there; the tests that
 * want them say so where they are not. Linux only.
 *
 * @throws {MissingProgram} with what could not be had, and the commands that bring it
 */
export async function ensureKernelTools() {
  if (process.platform !== 'linux') {
    throw new MissingProgram('there is no eBPF on this platform', { mend: 'run the tests on Linux' });
  }
  const nft = await ensureProgram(['nft', '/usr/sbin/nft'], 'nftables', 'put nft on PATH');
  // The objects are committed: only the test that compiles them again wants these, with the headers of libbpf.
  const clang = await ensureProgram(['clang'], 'clang', 'put clang on PATH');
  await ensureProgram(['llvm-strip'], 'llvm', 'put llvm-strip on PATH');
  if (!existsSync('/usr/include/bpf/bpf_helpers.h') && !(await installWithApt('libbpf-dev'))) {
    throw new MissingProgram('there are no headers of libbpf on this machine', {
      mend: `on Debian: ${aptCommand('libbpf-dev')}`,
    });
  }
  return `${nft}, ${clang}`;
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
