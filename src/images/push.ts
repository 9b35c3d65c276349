/** Pushing an image: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push. */
import { attempted } from './attempts.js';
import type { Credentials } from './credentials.js';
import type { ImageName } from './image-name.js';
import type { Image, ImageBlob } from './oci-image.js';
import { RegistryFault } from './registry-fault.js';
import { type RegistryAnswer, type RegistrySession, registrySession } from './registry-session.js';

const FIRST_WAIT_MS = 500;

export interface Pushed {
  /** Sizes of what was sent, and of what the registry had. */
  readonly sentBytes: number;
  readonly presentBytes: number;
}

/**
 * Pushes an image under its tag: what the registry lacks of it first, then the manifests, what names the image last, so that
 * nobody can pull half of it. Throws RegistryFault.
 */
export async function pushImage(
  name: ImageName,
  image: Image,
  how: {
    readonly credentials: Credentials | null;
    /** Without TLS. */
    readonly plainHttp: boolean;
    readonly firstWaitMs?: number;
    readonly progress?: (blob: ImageBlob) => void;
  },
): Promise<Pushed> {
  const { registry } = name;
  const session = registrySession(name, how.credentials, how.plainHttp);
  const again = <T>(step: () => Promise<T>) => attempted(registry, how.firstWaitMs ?? FIRST_WAIT_MS, step);
  let sentBytes = 0;
  let presentBytes = 0;
  for (const blob of image.blobs) {
    how.progress?.(blob);
    // The whole is tried again: what came of half an upload is not known, and it may have been all of it.
    if ((await again(() => pushBlob(registry, session, blob))) === 'sent') sentBytes += blob.size;
    else presentBytes += blob.size;
  }
  for (const manifest of image.manifests) {
    const last = manifest.digest === image.root.digest;
    await again(() => pushManifest(registry, session, manifest, last ? name.tag : manifest.digest));
  }
  const { digest } = image.root;
  const found = await again(() => session.ask({ method: 'HEAD', to: session.at(`manifests/${digest}`) }));
  if (found.status !== 200) {
    throw new RegistryFault(`${registry} took the image and then does not have it (${told(found)})`);
  }
  mustBeDigest(registry, found, digest);
  return { sentBytes, presentBytes };
}

async function pushBlob(
  registry: string,
  session: RegistrySession,
  { digest, size, content }: ImageBlob,
): Promise<'sent' | 'present'> {
  const found = await session.ask({ method: 'HEAD', to: session.at(`blobs/${digest}`) });
  if (found.status === 200) {
    mustBeDigest(registry, found, digest);
    const length = found.headers.get('content-length');
    if (length !== null && Number(length) !== size) {
      throw new RegistryFault(`${registry} has ${length} bytes under ${digest}, which are ${size}`);
    }
    return 'present';
  }
  if (found.status !== 404) throw refused(registry, `be asked for ${digest}`, found);
  const begun = await session.ask({
    method: 'POST',
    to: session.at('blobs/uploads/'),
    content: Buffer.alloc(0),
  });
  const location = begun.headers.get('location');
  if (begun.status !== 202 || location === null) throw refused(registry, 'begin an upload', begun);
  // Its query is the registry's own and stays as it is, to the letter.
  const upload = new URL(location, session.at('blobs/uploads/')).href;
  const to = `${upload}${upload.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
  const ended = await session.ask({
    method: 'PUT',
    to,
    content,
    contentType: 'application/octet-stream',
  });
  if (ended.status !== 201) throw refused(registry, `take ${digest}`, ended);
  mustBeDigest(registry, ended, digest);
  return 'sent';
}

async function pushManifest(
  registry: string,
  session: RegistrySession,
  { digest, content, mediaType }: ImageBlob,
  reference: string,
): Promise<void> {
  const to = session.at(`manifests/${reference}`);
  const put = await session.ask({ method: 'PUT', to, content, contentType: mediaType });
  if (put.status !== 201) throw refused(registry, `take the manifest ${reference}`, put);
  mustBeDigest(registry, put, digest);
}

/** What a registry says that it has must be what was sent; one that says nothing is believed. */
function mustBeDigest(registry: string, { headers }: RegistryAnswer, digest: string): void {
  const said = headers.get('docker-content-digest');
  if (said === null || said === digest) return;
  throw new RegistryFault(`${registry} has something else than was pushed: it says ${said} of ${digest}`);
}

function refused(registry: string, what: string, answer: RegistryAnswer): RegistryFault {
  return new RegistryFault(`${registry} does not ${what} (${told(answer)})`);
}

function told({ status, said }: RegistryAnswer): string {
  return said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`;
}
