/** Programs of this machine that go into an image beside meshmark's own, with what they need to run there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  EnvironmentFault,
  FOREIGN_PROGRAMS,
  type ForeignProgram,
  findProgram,
  howToGet,
  installRoot,
  linkedFiles,
  opensslConfiguration,
} from '../host/index.js';
import type { ImageFile, ImagePlatform } from '../images/index.js';

export const EXTRA_PROGRAMS = ['node', ...FOREIGN_PROGRAMS] as const;
export type ExtraProgram = (typeof EXTRA_PROGRAMS)[number];

export interface ExtraFiles {
  readonly files: readonly ImageFile[];
  readonly libraryFolders: readonly string[];
}

/** The architecture of programs that are taken from this machine. Throws EnvironmentFault where images cannot hold them. */
export function ownArchitecture(): ImagePlatform['architecture'] {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  if (process.platform === 'linux' && (architecture === 'amd64' || architecture === 'arm64')) {
    return architecture;
  }
  throw new EnvironmentFault(
    'IMAGE_NOT_BUILT',
    `--with takes programs from this machine, and those of ${process.platform} on ${process.arch} do not run in an image: use Linux on amd64 or arm64`,
  );
}

/**
 * Each program in the image's root under its name, `node-sidecar` beside Node, and loader, libraries and configuration
 * where the programs look for them. Throws EnvironmentFault for a program that is not on this machine.
 */
export function extraFiles(programs: readonly ExtraProgram[]): ExtraFiles {
  const wanted = EXTRA_PROGRAMS.filter((name) => programs.includes(name));
  const found = wanted.map((name) => ({ name, path: name === 'node' ? process.execPath : pathOf(name) }));
  const modules = found.flatMap(({ name, path }) => (name === 'nginx' ? nginxModules(path) : []));
  const linked = linkedFiles([...found.map(({ path }) => path), ...modules]);
  const openssl = opensslConfiguration(linked.paths);
  const libraries = new Set([...linked.paths, ...modules]);
  return {
    files: [
      ...found.map(({ name, path }) => ({ path: name, content: readFileSync(path), executable: true })),
      ...(wanted.includes('node') ? nodeSidecar() : []),
      ...[...libraries].sort().map((path) => ({
        path: path.slice(1),
        content: readFileSync(path),
        // Loaders are programs, too.
        executable: (statSync(path).mode & 0o111) !== 0,
      })),
      ...(openssl !== null && existsSync(openssl)
        ? [{ path: openssl.slice(1), content: readFileSync(openssl), executable: false }]
        : []),
    ],
    libraryFolders: linked.folders.map((folder) => folder.slice(1)),
  };
}

function pathOf(name: ForeignProgram): string {
  const path = findProgram(name);
  if (path === null)
    throw new EnvironmentFault('PROGRAM_MISSING', `there is no ${name} here: ${howToGet(name)}`);
  return path;
}

/** The modules that this nginx would load from its own folder, if a configuration asks for one. */
function nginxModules(path: string): string[] {
  const { stderr } = spawnSync(path, ['-V'], { encoding: 'utf8', timeout: 10_000 });
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1];
  if (folder === undefined || !existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.so'));
  return names.sort().map((name) => join(folder, name));
}

/** The sidecar as it was built, without its tests. */
function nodeSidecar(): ImageFile[] {
  const folder = join(installRoot, 'dist', 'node-sidecar');
  const names = readdirSync(folder).filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'));
  return [
    {
      path: 'node-sidecar/package.json',
      content: Buffer.from('{"type":"module"}\n'),
      executable: false,
    },
    ...names.sort().map((name) => ({
      path: `node-sidecar/${name}`,
      content: readFileSync(join(folder, name)),
      executable: false,
    })),
  ];
}
