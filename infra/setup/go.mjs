/** Finds a Go that can build the data plane, or brings one. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { installWithApt } from './apt.mjs';
import { versionAtLeast } from './dependencies.mjs';
import { cachedGo, fetchToolchain, TOOLCHAIN_VERSION } from './go-toolchain.mjs';
import { findExecutable, repositoryRoot, run, SetupFault } from './steps.mjs';

/**
 * @typedef {object} Go
 * @property {string} command path of the `go` program
 * @property {NodeJS.ProcessEnv} env what to run it with
 * @property {string} version for example 1.26.8
 * @property {string} note for the step's line
 */

/** Go learned to fetch other versions of itself in this one. */
const FIRST_WITH_TOOLCHAINS = '1.21';

/**
 * A Go at least as new as go.mod asks for. Tried in this order: one on this machine that is new enough; one that can
 * fetch the pinned toolchain itself; the pinned toolchain from the module proxy.
 *
 * @returns {Promise<Go>}
 * @throws {SetupFault} when there is none and none could be brought
 */
export async function ensureGo() {
  const minimum = minimumVersion();
  const present = await installedGos();
  const ready = present.find(({ version }) => versionAtLeast(version, minimum));
  // `local` keeps a stray GOTOOLCHAIN of the user's from measuring with another compiler than was reported.
  if (ready !== undefined) return asGo(ready.command, 'local', ready.version);

  const fetched = await fetchedByGo(present);
  if (fetched !== null) return fetched;

  let proxies = await moduleProxies(present);
  if (proxies.length === 0 && (await installWithApt('golang-go'))) {
    // Debian's own Go is often too old to build with, but it knows where modules come from, or can fetch the newer one.
    const now = await installedGos();
    const byApt = await fetchedByGo(now);
    if (byApt !== null) return byApt;
    proxies = await moduleProxies(now);
  }
  if (proxies.length === 0) {
    throw new SetupFault(
      `there is no Go ${minimum} here, and no address of a Go module proxy to fetch it from`,
      {
        mend: `install Go ${minimum} or newer and put it on PATH, or set GOPROXY; on Debian and Ubuntu: sudo apt-get install golang-go`,
      },
    );
  }
  return asGo(await fetchToolchain(proxies), 'local', TOOLCHAIN_VERSION, 'fetched');
}

/** The version that go.mod asks for. */
function minimumVersion() {
  const text = readFileSync(join(repositoryRoot, 'infra', 'dataplane', 'go.mod'), 'utf8');
  const version = /^go (\d+(?:\.\d+)*)/m.exec(text)?.[1];
  if (version === undefined) throw new Error('infra/dataplane/go.mod has no go line');
  return version;
}

/**
 * Every `go` on this machine that runs, with its own version.
 *
 * @returns {Promise<{command: string, version: string}[]>}
 */
async function installedGos() {
  const candidates = [findExecutable(['go']), '/usr/local/go/bin/go', '/usr/lib/go/bin/go', cachedGo()];
  const found = [];
  for (const command of new Set(candidates)) {
    if (command === null || !existsSync(command)) continue;
    const { code, output } = await run([command, 'version'], { env: goEnvironment('local') });
    const version = /\bgo(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1];
    if (code === 0 && version !== undefined) found.push({ command, version });
  }
  return found;
}

/**
 * The pinned toolchain by way of a Go that can fetch it, or null when none can. Go checks it against its database.
 *
 * @param {{command: string, version: string}[]} present
 */
async function fetchedByGo(present) {
  for (const { command, version } of present) {
    if (!versionAtLeast(version, FIRST_WITH_TOOLCHAINS)) continue;
    // Named in full: "auto" would look for a release called 1.26 where go.mod says so, and there is none.
    const toolchain = `go${TOOLCHAIN_VERSION}`;
    const { code } = await run([command, 'version'], { env: goEnvironment(toolchain) });
    if (code === 0) return asGo(command, toolchain, TOOLCHAIN_VERSION, `by Go ${version}`);
  }
  return null;
}

/**
 * Addresses of the module proxies that this machine's Go is set to use: from the environment, else Go's own settings
 * file, else what an old Go answers.
 *
 * @param {{command: string}[]} present
 */
async function moduleProxies(present) {
  const fromFile = goSettingsFiles().map((path) => {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return /^GOPROXY=(.*)$/m.exec(text)?.[1] ?? '';
  });
  const fromGo = [];
  for (const { command } of present) {
    fromGo.push((await run([command, 'env', 'GOPROXY'], { env: goEnvironment('local') })).output.trim());
  }
  const setting = [process.env.GOPROXY ?? '', ...fromFile, ...fromGo].find((text) => text !== '') ?? '';
  // A list, separated by commas or bars, in which `direct` and `off` are no addresses.
  const addresses = setting.split(/[,|]/).map((entry) => entry.trim().replace(/\/+$/, ''));
  return addresses.filter((entry) => /^(https?|file):\/\//.test(entry));
}

/** Where Go keeps the settings of `go env -w` (os.UserConfigDir in Go). */
function goSettingsFiles() {
  if (process.env.GOENV !== undefined && process.env.GOENV !== '') return [process.env.GOENV];
  const config =
    process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Application Support')
      : process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return [join(config, 'go', 'env')];
}

/** @param {string} toolchain */
function goEnvironment(toolchain) {
  return { ...process.env, GOTOOLCHAIN: toolchain };
}

/**
 * @param {string} command
 * @param {string} toolchain
 * @param {string} version
 * @param {string} [origin]
 * @returns {Go}
 */
function asGo(command, toolchain, version, origin) {
  const note = origin === undefined ? version : `${version}, ${origin}`;
  return { command, env: goEnvironment(toolchain), version, note };
}
