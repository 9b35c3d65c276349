/**
 * Images as archives in the form of the OCI image layout
 * (https://github.com/opencontainers/image-spec/blob/main/image-layout.md), which containerd, podman, docker and kind import.
 */
import { type Image, INDEX_TYPE } from './oci-image.js';
import { tarArchive } from './tar.js';

/** An image as an archive. `name` is a repository with a tag, as in `localhost/meshmark/dataplane:0.1.0`. */
export function ociArchive(name: string, { blobs, manifests, root }: Image): Buffer {
  const tag = name.slice(name.lastIndexOf(':') + 1);
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tag };
  const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [{ ...root, annotations }] };
  // Platforms may have a file in common.
  const stored = new Map([...blobs, ...manifests].map(({ digest, content }) => [digest, content]));
  return tarArchive([
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
    { path: 'index.json', content: json(index), mode: 0o644 },
    ...[...stored].map(([digest, content]) => ({
      path: `blobs/sha256/${digest.slice('sha256:'.length)}`,
      content,
      mode: 0o644,
    })),
  ]);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
