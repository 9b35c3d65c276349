/** Builds what the harness runs: TypeScript and the report's browser script into dist, and the Go binary. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clearStamp, digestOf, isFresh, writeStamp } from './fingerprint.mjs';
import { repositoryRoot, runOrFault } from './steps.mjs';

const dist = join(repositoryRoot, 'dist');

/**
 * Compiles src into dist and bundles the report's script, unless neither the sources nor the packages changed.
 *
 * @returns {Promise<string>} what was done
 * @throws {import('./steps.mjs').SetupFault} with the compiler's messages
 */
export async function buildHarness() {
  const stamp = join(dist, '.harness-digest');
  const sources = [
    'src',
    'tsconfig.json',
    'package.json',
    'package-lock.json',
    'infra/setup/build-client.mjs',
  ];
  const digest = digestOf(
    sources.map((path) => join(repositoryRoot, path)),
    [process.versions.node],
  );
  if (isFresh(stamp, digest) && existsSync(join(dist, 'cli', 'main.js'))) return 'up to date';
  clearStamp(stamp);
  const mend = 'mend the sources as the messages above say';
  await runOrFault(
    [process.execPath, join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'],
    {
      mend,
    },
  );
  await runOrFault([process.execPath, join('infra', 'setup', 'build-client.mjs')], { mend });
  writeStamp(stamp, digest);
  return 'built';
}

/**
 * Builds dist/bin/dataplane, unless neither its sources nor Go changed. Static and without paths of this machine,
 * so that the same sources give the same digest in a record.
 *
 * `unoptimised` builds dist/bin/dataplane-unoptimised as a debugger would have it, which the self-test measures to see
 * that it is found out. `linux` builds dist/bin/dataplane-linux-ARCHITECTURE for container images. How another version of the
 * module is built to another file is `buildModule`.
 *
 * @param {import('./go.mjs').Go} go
 * @param {{unoptimised?: boolean, linux?: 'amd64' | 'arm64' | null}} [options]
 * @returns {Promise<string>} what was done
 * @throws {import('./steps.mjs').SetupFault} with the compiler's messages
 */
export async function buildDataplane(go, { unoptimised = false, linux = null } = {}) {
  const suffix = linux !== null ? `-linux-${linux}` : unoptimised ? '-unoptimised' : '';
  const name = `dataplane${suffix}`;
  const binary = join(dist, 'bin', name);
  const stamp = join(dist, 'bin', `.${name}-digest`);
  const module = join(repositoryRoot, 'infra', 'dataplane');
  const digest = digestOf(
    [module],
    [go.version, process.platform, process.arch],
    (path) => /(\.go|\.s|\.o|go\.mod|go\.sum)$/.test(path) && !path.endsWith('_test.go'),
  );
  if (isFresh(stamp, digest) && existsSync(binary)) return 'up to date';
  clearStamp(stamp);
  mkdirSync(join(dist, 'bin'), { recursive: true });
  const flags = unoptimised ? ['-gcflags=-N -l'] : [];
  const platform = linux === null ? {} : { GOOS: 'linux', GOARCH: linux };
  await buildModule({ ...go, env: { ...go.env, ...platform } }, module, binary, flags);
  writeStamp(stamp, digest);
  return 'built';
}

/**
 * Builds a Go module's program to a file. Static and without paths of this machine, so that the same sources give the same
 * bytes wherever they lie.
 *
 * @param {import('./go.mjs').Go} go
 * @param {string} module
 * @param {string} binary
 * @param {readonly string[]} [flags] further ones of `go build`
 * @throws {import('./steps.mjs').SetupFault} with the compiler's messages
 */
export async function buildModule(go, module, binary, flags = []) {
  await runOrFault([go.command, 'build', '-trimpath', '-buildvcs=false', ...flags, '-o', binary, '.'], {
    cwd: module,
    env: { ...go.env, CGO_ENABLED: '0' },
    mend: 'mend the sources as the messages above say; if a module could not be fetched, check "go env GOPROXY"',
  });
  return 'built';
}
