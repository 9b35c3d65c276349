/**
 * k6 from its own Go module, built into the user's cache: there is no official package of it, and the ones of that name in
 * other registries are none. Go checks what it fetches against its checksum database. Building it the first time takes
 * minutes; after that it is found.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureGo } from './go.mjs';
import { goPlatform } from './go-toolchain.mjs';
import { MissingProgram } from './missing-program.mjs';
import { findExecutable, run } from './steps.mjs';

/** The same as in src/host/programs.ts. */
const VERSION = '1.8.1';

/**
 * Path of a k6: MESHMARK_K6, one on PATH, or the pinned one in the cache, which is built where it is not there yet.
 *
 * @returns {Promise<string>}
 * @throws {MissingProgram} where none could be had, with the reason
 */
export async function ensureK6() {
  const own = process.env.MESHMARK_K6;
  const present = findExecutable(own ? [own] : ['k6', cachedK6()]);
  if (present !== null) return present;
  if (own) {
    throw new MissingProgram(`MESHMARK_K6 names ${own}, which is not a program`, {
      mend: 'correct MESHMARK_K6, or unset it',
    });
  }
  const go = await ensureGo();
  const target = cachedK6();
  mkdirSync(dirname(dirname(target)), { recursive: true });
  const folder = mkdtempSync(join(dirname(dirname(target)), 'k6-build-'));
  try {
    const { code, output } = await run([go.command, 'install', `go.k6.io/k6@v${VERSION}`], {
      env: { ...go.env, GOBIN: folder, CGO_ENABLED: '0', GOFLAGS: '' },
    });
    if (code !== 0 || !existsSync(join(folder, 'k6'))) {
      throw new MissingProgram(`Go could not build k6 ${VERSION}`, {
        mend: 'put k6 on PATH, or name it by MESHMARK_K6',
        output,
      });
    }
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(folder, 'k6'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return target;
}

function cachedK6() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'meshmark', `k6${VERSION}.${goPlatform()}`, 'k6');
}
