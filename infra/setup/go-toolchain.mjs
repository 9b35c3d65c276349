/**
 * Go from the Go module proxy, for machines that have none or one too old to fetch its successor: the module
 * golang.org/toolchain holds whole Go distributions (https://go.dev/doc/toolchain).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SetupFault } from './steps.mjs';
import { zipFiles } from './zip.mjs';

/** The version that is fetched. */
export const TOOLCHAIN_VERSION = '1.26.0';

/**
 * What each platform's module must hash to: `h1:` and SHA-256 over the sorted list of its files' SHA-256, the form
 * that go.sum and Go's checksum database use (golang.org/x/mod/sumdb/dirhash). Being over the files, it does not
 * depend on how a proxy packed them. These were obtained with
 * `go mod download -json golang.org/toolchain@v0.0.1-go1.26.0.PLATFORM`, which checked each against the database.
 *
 * @type {Readonly<Record<string, string>>}
 */
const SUMS = {
  'linux-amd64': 'h1:1p2G5COR51f8Q3EQ4HLJQDDL2ytLEqfL/yTawB0Jr8w=',
  'linux-arm64': 'h1:lAFrRm35hIzvRSMYiELtaPaitr22pp6iaBbdPBuJg2U=',
  'darwin-amd64': 'h1:61z5Ro4Bu94KeOIkb+TsXFrqOBJ0CBU1pHmh3MSfFWk=',
  'darwin-arm64': 'h1:lJzzTsXFQzfrSkuhjLAkY6sc1hxcB4rgbk6DOcFLg2A=',
};

/** Go's name of this platform, for example linux-amd64. */
export function goPlatform() {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return `${process.platform}-${architecture}`;
}

/** Where a fetched Go stands, or will: in the user's cache, one folder a version and platform. */
export function cachedGo() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'meshmark', `go${TOOLCHAIN_VERSION}.${goPlatform()}`, 'bin', 'go');
}

/**
 * Fetches the toolchain from the first proxy that has it, checks it and unpacks it into the user's cache.
 *
 * @param {readonly string[]} proxies addresses of Go module proxies, in order of preference
 * @returns {Promise<string>} path of its `go`
 * @throws {SetupFault} when no proxy gave it, or what came is not what is pinned
 */
export async function fetchToolchain(proxies) {
  const platform = goPlatform();
  const sum = SUMS[platform];
  const byHand = `install Go ${TOOLCHAIN_VERSION} or newer by hand, put it on PATH, and run the command again`;
  if (sum === undefined) throw new SetupFault(`no Go toolchain is pinned for ${platform}`, { mend: byHand });
  const refusals = [];
  for (const proxy of proxies) {
    const file = `golang.org/toolchain/@v/v0.0.1-go${TOOLCHAIN_VERSION}.${platform}.zip`;
    try {
      unpack(await download(`${proxy}/${file}`), sum, dirname(dirname(cachedGo())));
      return cachedGo();
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
      refusals.push(
        `${withoutCredentials(proxy)}: ${error instanceof Error ? error.message : error}${cause}`,
      );
    }
  }
  throw new SetupFault(`Go ${TOOLCHAIN_VERSION} could not be fetched from the Go module proxy`, {
    mend: byHand,
    output: refusals.join('\n'),
  });
}

/** @param {string} address @returns {Promise<Buffer>} */
async function download(address) {
  const url = new URL(address);
  if (url.protocol === 'file:') return readFileSync(url);
  // fetch refuses an address with a name and password in it: they go into the header instead.
  /** @type {Record<string, string>} */
  const headers = {};
  if (url.username !== '') {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  let response;
  try {
    response = await fetch(url, { headers });
  } catch (error) {
    const byCurl = downloadByCurl(address);
    if (byCurl === null) throw error;
    return byCurl;
  }
  if (!response.ok) throw new Error(`answered ${response.status} ${response.statusText}`);
  return Buffer.from(await response.arrayBuffer());
}

/**
 * Node's fetch knows neither HTTPS_PROXY nor the certificates that the system trusts; curl knows both. The address is
 * given on stdin, since a command line can be read by everybody and the address may hold a password.
 *
 * @param {string} address
 * @returns {Buffer | null} null where curl is missing or fails as well
 */
function downloadByCurl(address) {
  const input = `url = ${JSON.stringify(address)}\n`;
  const { status, stdout } = spawnSync('curl', ['-fsSL', '-K', '-'], { input, maxBuffer: 2 ** 30 });
  return status === 0 ? stdout : null;
}

/** @param {string} address */
function withoutCredentials(address) {
  return address.replace(/\/\/[^/@]*@/, '//');
}

/**
 * Unpacks beside the target and moves it there once its sum is right, so that the target is whole or absent.
 *
 * @param {Buffer} archive
 * @param {string} sum
 * @param {string} target
 */
function unpack(archive, sum, target) {
  mkdirSync(dirname(target), { recursive: true });
  const fresh = mkdtempSync(`${target}-`);
  try {
    const lines = [];
    for (const { name, content } of zipFiles(archive)) {
      lines.push({ name, line: `${createHash('sha256').update(content).digest('hex')}  ${name}\n` });
      // Every name starts with golang.org/toolchain@VERSION/.
      const relative = name.slice(name.indexOf('/', name.indexOf('@')) + 1);
      const path = join(fresh, relative);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      // Module zips carry no permissions; these are the programs.
      if (/^(bin|pkg\/tool)\//.test(relative)) chmodSync(path, 0o755);
    }
    const found = dirhash(lines);
    if (found !== sum) throw new Error(`what came has the sum ${found}, not the pinned ${sum}`);
    chmodSync(fresh, 0o755);
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
  } finally {
    if (existsSync(fresh)) rmSync(fresh, { recursive: true, force: true });
  }
}

/**
 * dirhash's Hash1: names are sorted as bytes, as Go sorts them.
 *
 * @param {{name: string, line: string}[]} lines
 */
function dirhash(lines) {
  const sorted = lines.toSorted((left, right) =>
    Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)),
  );
  const hash = createHash('sha256');
  for (const { line } of sorted) hash.update(line);
  return `h1:${hash.digest('base64')}`;
}
