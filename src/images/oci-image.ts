/** Container images by the OCI image specification (https://github.com/opencontainers/image-spec), made without a container runtime. */
import { createHash } from 'node:crypto';
import { tarArchive } from './tar.js';

export interface ImageFile {
  /** Below the image's root, without a slash before it. */
  readonly path: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

/** An image for one kind of processor. */
export interface ImagePlatform {
  readonly architecture: 'amd64' | 'arm64';
  readonly files: readonly ImageFile[];
  readonly entrypoint: readonly string[];
  /** Folders, below the image's root, with libraries that the loader does not look into unasked. */
  readonly libraryFolders?: readonly string[];
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** What of an image is stored under its digest. */
export interface ImageBlob extends Descriptor {
  readonly content: Buffer;
}

export interface Image {
  /** Layers and configurations. */
  readonly blobs: readonly ImageBlob[];
  /** Manifests, one for each platform, and their index where there are several. The last one names the image. */
  readonly manifests: readonly ImageBlob[];
  readonly root: Descriptor;
}

export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** Who runs what is in the image, if nobody says otherwise. */
const USER = '65534:65534';
const PASSWD = 'root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n';

/** An image of these platforms. The same files give the same image, byte for byte: it holds no times. */
export function ociImage(platforms: readonly [ImagePlatform, ...ImagePlatform[]]): Image {
  const made = platforms.map((platform) => ({
    ...partsOf(platform),
    platform: { architecture: platform.architecture, os: 'linux' },
  }));
  const manifests = made.map(({ manifest }) => manifest);
  if (made.length > 1) {
    const listed = made.map(({ manifest, platform }) => ({ ...descriptorOf(manifest), platform }));
    manifests.push(blobOf(INDEX_TYPE, json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: listed })));
  }
  const root = manifests.at(-1);
  if (root === undefined) throw new RangeError('an image needs a platform');
  return { blobs: made.flatMap(({ blobs }) => blobs), manifests, root: descriptorOf(root) };
}

function partsOf({ architecture, files, entrypoint, libraryFolders = [] }: ImagePlatform): {
  readonly blobs: readonly ImageBlob[];
  readonly manifest: ImageBlob;
} {
  const folders = new Set(['etc/', ...files.flatMap(({ path }) => foldersOf(path))]);
  const layer = blobOf(
    'application/vnd.oci.image.layer.v1.tar',
    tarArchive([
      ...[...folders].sort().map((path) => ({ path, content: null, mode: 0o755 })),
      { path: 'etc/passwd', content: Buffer.from(PASSWD), mode: 0o644 },
      { path: 'tmp/', content: null, mode: 0o1777 },
      ...files.map(({ path, content, executable }) => ({ path, content, mode: executable ? 0o755 : 0o644 })),
    ]),
  );
  const libraries = libraryFolders.map((folder) => `/${folder}`).join(':');
  const config = blobOf(
    'application/vnd.oci.image.config.v1+json',
    json({
      architecture,
      os: 'linux',
      config: {
        User: USER,
        Env: ['PATH=/', ...(libraries === '' ? [] : [`LD_LIBRARY_PATH=${libraries}`])],
        Entrypoint: entrypoint,
        WorkingDir: '/',
      },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: [{ created_by: 'meshmark' }],
    }),
  );
  const manifest = blobOf(
    MANIFEST_TYPE,
    json({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: descriptorOf(config),
      layers: [descriptorOf(layer)],
    }),
  );
  return { blobs: [config, layer], manifest };
}

/** The folders that a path lies in, each with a slash at its end. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
}

function blobOf(mediaType: string, content: Buffer): ImageBlob {
  return { mediaType, digest: digestOf(content), size: content.length, content };
}

export function descriptorOf({ mediaType, digest, size }: ImageBlob): Descriptor {
  return { mediaType, digest, size };
}

/** A digest as images write it: `sha256:…`. */
export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
