/** The image that a cluster runs meshmark's programs from. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentFault, installRoot } from '../host/index.js';
import { type Image, type ImagePlatform, ociImage } from '../images/index.js';
import { type ExtraProgram, extraFiles, ownArchitecture } from './image-programs.js';

export interface DataPlaneImage {
  readonly image: Image;
  readonly architectures: readonly ImagePlatform['architecture'][];
}

/**
 * The image for amd64 and arm64; with programs that are taken from this machine, for its own architecture alone. Throws
 * EnvironmentFault when it cannot be built or a program is not here.
 */
export function dataPlaneImage(extras: readonly ExtraProgram[]): DataPlaneImage {
  if (extras.length === 0) {
    buildForImages();
    return {
      image: ociImage([platformOf('amd64'), platformOf('arm64')]),
      architectures: ['amd64', 'arm64'],
    };
  }
  // What is missing is told before the build, which takes a minute at first.
  const architecture = ownArchitecture();
  const { files, libraryFolders } = extraFiles(extras);
  buildForImages();
  const platform = platformOf(architecture);
  return {
    image: ociImage([{ ...platform, files: [...platform.files, ...files], libraryFolders }]),
    architectures: [architecture],
  };
}

function platformOf(architecture: ImagePlatform['architecture']): ImagePlatform {
  const path = join(installRoot, 'dist', 'bin', `dataplane-linux-${architecture}`);
  return {
    architecture,
    files: [{ path: 'dataplane', content: readFileSync(path), executable: true }],
    entrypoint: ['/dataplane'],
  };
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
