/** `meshmark images`: the container images that a cluster runs meshmark's programs from. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EnvironmentFault, installRoot } from '../host/index.js';
import { ociArchive } from '../images/index.js';
import { EXIT, type ExitCode, UsageFault } from './outcome.js';
import type { Terminal } from './terminal.js';

const ARCHITECTURES = ['amd64', 'arm64'] as const;
/** A repository as registries take it, and a tag: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. */
const IMAGE_NAME = /^[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Writes the image of the data plane to `file`. Throws UsageFault for a name that is none, EnvironmentFault when it cannot be built or written. */
export function saveImage(
  terminal: Terminal,
  file: string,
  options: { readonly name: string; readonly json?: boolean },
): ExitCode {
  const { name } = options;
  if (!IMAGE_NAME.test(name)) {
    throw new UsageFault([
      `--name must be a repository with a tag, such as \`registry.example/meshmark/dataplane:1\`, not \`${name}\``,
    ]);
  }
  const path = resolve(file);
  // The first build takes a minute: what can be known before it is told before it.
  mustBeWritable(dirname(path));
  buildForImages();
  const { archive, digest } = ociArchive(
    name,
    ARCHITECTURES.map((architecture) => ({
      architecture,
      files: [
        {
          path: 'dataplane',
          content: readFileSync(join(installRoot, 'dist', 'bin', `dataplane-linux-${architecture}`)),
          executable: true,
        },
      ],
      entrypoint: ['/dataplane'],
    })),
  );
  try {
    writeFileSync(path, archive);
  } catch (error) {
    throw notWritten(error);
  }
  if (options.json === true) {
    const said = { schema: 'meshmark.image/1', name, digest, architectures: ARCHITECTURES, file: path };
    terminal.print(JSON.stringify(said, null, 2));
    return EXIT.passed;
  }
  terminal.print(`${name} for ${ARCHITECTURES.join(' and ')}, ${digest}: ${path}`);
  terminal.note(`load it by: ctr -n k8s.io images import ${file} · kind load image-archive ${file}`);
  return EXIT.passed;
}

function mustBeWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw notWritten(error);
  }
}

function notWritten(error: unknown): EnvironmentFault {
  const reason = error instanceof Error ? error.message : String(error);
  return new EnvironmentFault('IMAGE_NOT_WRITTEN', `the image could not be written: ${reason}`);
}

function buildForImages(): void {
  const script = join(installRoot, 'infra', 'setup', 'build-go.mjs');
  try {
    execFileSync(process.execPath, [script, '--images'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new EnvironmentFault('IMAGE_NOT_BUILT', `the programs of the image could not be built: ${said}`);
  }
}
