/** The files that a program of this machine is loaded with: its dynamic loader and the shared libraries that it needs. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, normalize } from 'node:path';
import { EnvironmentFault } from './fault.js';

export interface LinkedFiles {
  /** Where each is found by the loader, in order of their paths. None where a program is linked statically. */
  readonly paths: readonly string[];
  /** Folders of theirs that a loader without a cache does not look into unasked. */
  readonly folders: readonly string[];
}

const TIME_LIMIT_MS = 10_000;
/** What glibc's and musl's loaders look into: their own folders, and Debian's for each kind of processor. */
const UNASKED = /^(?:\/usr)?\/lib(?:64|32)?(?:\/[a-z0-9_]+-linux-[a-z]+)?$/;

/** What `programs`, which may be libraries that are loaded later, need by `ldd`. Throws EnvironmentFault when one of it is not here. */
export function linkedFiles(programs: readonly string[]): LinkedFiles {
  const paths = [...new Set(programs.flatMap(linkedWith))].sort();
  const folders = [...new Set(paths.map((path) => dirname(path)))].filter((folder) => !UNASKED.test(folder));
  return { paths, folders };
}

/**
 * Where OpenSSL's configuration is that a library is built to read, or null. Protocols and ciphers are chosen in it: without
 * it a program would speak others than it does here.
 */
export function opensslConfiguration(libraries: readonly string[]): string | null {
  const library = libraries.find((path) => /\/libcrypto\.so/.test(path));
  if (library === undefined) return null;
  const [, folder] = /OPENSSLDIR: "([^"]+)"/.exec(readFileSync(library, 'latin1')) ?? [];
  return folder === undefined ? null : `${folder}/openssl.cnf`;
}

function linkedWith(program: string): string[] {
  const { status, stdout, stderr, error } = spawnSync('ldd', [program], {
    encoding: 'utf8',
    timeout: TIME_LIMIT_MS,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error !== undefined) {
    throw new EnvironmentFault(
      'IMAGE_NOT_BUILT',
      `ldd, which tells the libraries of ${program}, does not run: ${error.message}`,
    );
  }
  if (/not a dynamic executable|statically linked|not a valid dynamic program/i.test(stdout + stderr))
    return [];
  const missing = /^\s*(\S+) => not found/m.exec(stdout)?.[1];
  if (missing !== undefined || status !== 0) {
    const why = missing === undefined ? stderr.trim() : `${missing} is not here`;
    throw new EnvironmentFault('IMAGE_NOT_BUILT', `the libraries of ${program} are not known: ${why}`);
  }
  return librariesIn(stdout);
}

/** The paths in what `ldd` printed: `NAME => PATH (0x…)`, or `PATH (0x…)` for the loader. The kernel's own has no path. */
export function librariesIn(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, path] = /^\s*(?:\S+ => )?(\S+) \(0x[0-9a-f]+\)\s*$/.exec(line) ?? [];
    return path !== undefined && isAbsolute(path) ? [normalize(path)] : [];
  });
}
