/** k6 from its own Go module: there is no official package of it, and the ones of that name in other registries are none. */
import { ensureGoProgram } from './go-programs.mjs';

/** The same as in src/host/programs.ts. */
const VERSION = '1.8.1';

/**
 * Path of a k6: MESHMARK_K6, one on PATH, or the pinned one in the cache, which is built where it is not there yet.
 *
 * @returns {Promise<string>}
 * @throws {import('./missing-program.mjs').MissingProgram} where none could be had, with the reason
 */
export function ensureK6() {
  return ensureGoProgram({ name: 'k6', package: 'go.k6.io/k6', version: VERSION, anyOnPath: true });
}
