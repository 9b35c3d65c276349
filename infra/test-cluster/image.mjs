/** Images of the test cluster's own, written by the harness, which must be built. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Writes an OCI archive of static programs for this machine, the first of which is run.
 *
 * @param {string} name such as `meshmark.test/pause:1`
 * @param {string} path of the archive
 * @param {readonly string[]} programs
 */
export async function writeImageArchive(name, path, programs) {
  /** @type {typeof import('../../src/images/index.js')} */
  const { ociArchive, ociImage } = await import(new URL('../../dist/images/index.js', import.meta.url).href);
  const files = programs.map((program) => ({
    path: basename(program),
    content: readFileSync(program),
    executable: true,
  }));
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const entrypoint = [`/${basename(programs[0] ?? '')}`];
  writeFileSync(path, ociArchive(name, ociImage([{ architecture, files, entrypoint }])));
}
