/** An image whose `/dataplane` is another program. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ociArchive, ociImage } from '../../images/index.js';

/** Writes an archive of an image for this machine. */
export function writeProgramImage(name: string, archive: string, program: string): void {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const files = [{ path: 'dataplane', content: readFileSync(program), executable: true }];
  writeFileSync(archive, ociArchive(name, ociImage([{ architecture, files, entrypoint: ['/dataplane'] }])));
}
