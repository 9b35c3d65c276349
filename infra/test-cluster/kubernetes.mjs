/**
 * Kubernetes, etcd and kubectl as one binary from Go modules, built into the user's cache: there is no package of it.
 * Building it the first time takes 15 to 25 minutes; after that it is found.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureGo } from '../setup/go.mjs';
import { MissingProgram } from '../setup/missing-program.mjs';
import { run, SetupFault } from '../setup/steps.mjs';

const VERSION = '1.34.4';
const module = join(dirname(fileURLToPath(import.meta.url)), 'kubernetes');
const SOURCES = ['go.mod', 'go.sum', 'main.go', 'credentials.go', join('pause', 'main.go')];
/** Where the programs say which version they are; the API server refuses to serve without one. */
const VERSION_PACKAGES = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];

/**
 * Paths of the cluster's programs, built where they are not in the cache yet.
 *
 * @returns {Promise<{kubernetes: string, pause: string}>}
 * @throws {SetupFault} with what Go said
 */
export async function ensureKubernetes() {
  const go = await ensureGo();
  const folder = cachedFolder();
  const paths = { kubernetes: join(folder, 'kubernetes'), pause: join(folder, 'pause') };
  if (existsSync(paths.kubernetes) && existsSync(paths.pause)) return paths;
  mkdirSync(dirname(folder), { recursive: true });
  const building = mkdtempSync(join(dirname(folder), 'kubernetes-build-'));
  try {
    for (const [name, source] of /** @type {const} */ ([
      ['pause', './pause'],
      ['kubernetes', '.'],
    ])) {
      const { code, output } = await run(
        [go.command, 'build', '-trimpath', '-ldflags', linkerFlags(), '-o', join(building, name), source],
        { cwd: module, env: { ...go.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' } },
      );
      if (code === 0) continue;
      throw new SetupFault(`Go could not build Kubernetes ${VERSION} for the test cluster`, {
        mend: 'see what it says above; building needs about 4 GB of disk and the Go module proxy',
        output,
      });
    }
    // Another build may have come first; either is as good.
    if (!existsSync(folder)) renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return paths;
}

/**
 * Why the cluster's own tests are not run; null when `CI=true` or `MESHMARK_CLUSTER_TESTS=1` asks for them. Nobody's laptop
 * gets a container runtime, or builds for 20 minutes, because somebody ran the tests.
 */
export function clusterNotAsked() {
  if (process.env.CI === 'true' || process.env.MESHMARK_CLUSTER_TESTS === '1') return null;
  const mend = 'MESHMARK_CLUSTER_TESTS=1 npm test -- cluster';
  return new MissingProgram(`tests on a real cluster are run only when they are asked for, by \`${mend}\``, {
    mend,
  });
}

/** By what it is built from, so that a change of one builds anew and branches share what is equal. */
function cachedFolder() {
  const digest = createHash('sha256');
  for (const source of SOURCES) digest.update(source).update(readFileSync(join(module, source)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'meshmark', `kubernetes${VERSION}.${digest.digest('hex').slice(0, 16)}`);
}

function linkerFlags() {
  const [major, minor] = VERSION.split('.');
  const values = {
    gitVersion: `v${VERSION}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: 'module',
    buildDate: '1970-01-01T00:00:00Z',
  };
  const set = VERSION_PACKAGES.flatMap((path) =>
    Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`),
  );
  return ['-s -w', ...set].join(' ');
}
