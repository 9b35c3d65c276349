/**
 * Container images without a container runtime: archives in the form of the OCI image layout
 * (https://github.com/opencontainers/image-spec/blob/main/image-layout.md), which containerd, podman, docker and kind import.
 */
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
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Who runs what is in the image, if nobody says otherwise. */
const USER = '65534:65534';
const PASSWD = 'root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n';

/**
 * An image as an archive, and the digest that names it, `sha256:…`. The same files give the same archive, byte for byte: it
 * holds no times. `name` is a repository with a tag, as in `localhost/meshmark/dataplane:0.1.0`.
 */
export function ociArchive(
  name: string,
  platforms: readonly ImagePlatform[],
): { readonly archive: Buffer; readonly digest: string } {
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const manifests = platforms.map((platform) => ({
    ...manifestOf(platform, add),
    platform: { architecture: platform.architecture, os: 'linux' },
  }));
  const tag = name.slice(name.lastIndexOf(':') + 1);
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tag };
  const [only] = manifests;
  const image =
    only !== undefined && manifests.length === 1
      ? only
      : add(
          'application/vnd.oci.image.index.v1+json',
          json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }),
        );
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...image, annotations }],
  };
  const archive = tarArchive([
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
    { path: 'index.json', content: json(index), mode: 0o644 },
    ...[...blobs].map(([digest, content]) => ({
      path: `blobs/sha256/${digest.slice('sha256:'.length)}`,
      content,
      mode: 0o644,
    })),
  ]);
  return { archive, digest: image.digest };
}

function manifestOf(
  { architecture, files, entrypoint }: ImagePlatform,
  add: (mediaType: string, content: Buffer) => Descriptor,
): Descriptor {
  const layer = tarArchive([
    { path: 'etc/', content: null, mode: 0o755 },
    { path: 'etc/passwd', content: Buffer.from(PASSWD), mode: 0o644 },
    { path: 'tmp/', content: null, mode: 0o1777 },
    ...files.map(({ path, content, executable }) => ({ path, content, mode: executable ? 0o755 : 0o644 })),
  ]);
  const config = add(
    'application/vnd.oci.image.config.v1+json',
    json({
      architecture,
      os: 'linux',
      config: { User: USER, Env: ['PATH=/'], Entrypoint: entrypoint, WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      history: [{ created_by: 'meshmark' }],
    }),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [add('application/vnd.oci.image.layer.v1.tar', layer)],
  };
  return add(manifest.mediaType, json(manifest));
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
