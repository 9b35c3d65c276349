/** Pushing to a real registry on loopback that checks every digest. */
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Credentials } from './credentials.js';
import { digestOf, type ImagePlatform, ociImage } from './oci-image.js';
import { pushImage } from './push.js';
import { RegistryFault } from './registry-fault.js';
import { type Misbehaviour, startRegistry, type TestRegistry } from './testing/registry.js';
import { type Lock, refuse } from './testing/registry-lock.js';

const platform = (architecture: 'amd64' | 'arm64'): ImagePlatform => ({
  architecture,
  files: [
    { path: 'dataplane', content: Buffer.alloc(300_000, `a program for ${architecture}`), executable: true },
  ],
  entrypoint: ['/dataplane'],
});
const image = ociImage([platform('amd64'), platform('arm64')]);
const REPOSITORY = 'team/data-plane';
const LOCK: Lock = { by: 'basic', user: 'ann', password: 'right horse' };
const ANN: Credentials = { user: 'ann', password: 'right horse' };

const standing: TestRegistry[] = [];
afterEach(async () => {
  for (const one of standing.splice(0)) await one.close();
});

async function registry(options: { lock?: Lock; misbehave?: Misbehaviour } = {}): Promise<TestRegistry> {
  const started = await startRegistry(options);
  standing.push(started);
  return started;
}

function push(host: string, credentials: Credentials | null = null) {
  const name = { registry: host, repository: REPOSITORY, tag: '1' };
  return pushImage(name, image, { credentials, plainHttp: true, firstWaitMs: 1 });
}

/** The message of the fault that a push ends with. */
async function faultOf(pushing: Promise<unknown>): Promise<string> {
  const fault: unknown = await pushing.then(
    () => null,
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(RegistryFault);
  return fault instanceof Error ? fault.message : '';
}

/** Misbehaves at the first `times` requests that `wanted` is true of. */
function atFirst(times: number, wanted: (line: string) => boolean, how: Misbehaviour): Misbehaviour {
  let left = times;
  return (request, response) => {
    if (left === 0 || !wanted(`${request.method} ${request.url}`)) return false;
    left -= 1;
    return how(request, response);
  };
}

const isUpload = (line: string) => line.startsWith('PUT') && line.includes('/blobs/uploads/');

describe('an image that is pushed', () => {
  test('can be pulled, by tag and by digest, blob for blob', async () => {
    const { host, requests } = await registry();
    const { sentBytes, presentBytes } = await push(host);
    expect(presentBytes).toBe(0);
    expect(sentBytes).toBe(image.blobs.reduce((sum, { size }) => sum + size, 0));
    const pulled = async (path: string) => {
      const response = await fetch(`http://${host}/v2/${REPOSITORY}/${path}`);
      return Buffer.from(await response.arrayBuffer());
    };
    const index = await pulled('manifests/1');
    expect(digestOf(index)).toBe(image.root.digest);
    expect(await pulled(`manifests/${image.root.digest}`)).toEqual(index);
    const { manifests } = JSON.parse(index.toString()) as { manifests: { digest: string }[] };
    expect(manifests).toHaveLength(2);
    for (const { digest } of manifests) {
      const manifest = JSON.parse((await pulled(`manifests/${digest}`)).toString()) as {
        config: { digest: string };
        layers: { digest: string }[];
      };
      for (const part of [manifest.config, ...manifest.layers]) {
        expect(digestOf(await pulled(`blobs/${part.digest}`))).toBe(part.digest);
      }
    }
    // The tag comes last: until all is there it must not name the image.
    const puts = requests.filter((line) => line.startsWith('PUT'));
    expect(puts.at(-1)).toBe(`PUT /v2/${REPOSITORY}/manifests/1`);
  });

  test('is not sent again where it is', async () => {
    const { host, requests } = await registry();
    await push(host);
    const before = requests.length;
    const { sentBytes, presentBytes } = await push(host);
    expect([sentBytes, presentBytes > 600_000]).toEqual([0, true]);
    expect(requests.slice(before).some((line) => line.startsWith('POST'))).toBe(false);
  });

  test('goes to a registry that asks for user and password', async () => {
    const { host, blobs } = await registry({ lock: LOCK });
    await push(host, ANN);
    expect(blobs.size).toBe(4);
  });

  test('goes to a registry that asks for a token, and for another when that has run out', async () => {
    const { host, requests, blobs } = await registry({ lock: { ...LOCK, by: 'token', tokenRequests: 5 } });
    await push(host, ANN);
    expect(blobs.size).toBe(4);
    expect(requests.filter((line) => line === 'GET /token').length).toBeGreaterThan(2);
  });
});

describe('a registry that does not let it in', () => {
  test.each(['basic', 'token'] as const)(
    'has a wrong password refused once, and not repeated (%s)',
    async (by) => {
      const { host, requests } = await registry({ lock: { ...LOCK, by } });
      const message = await faultOf(push(host, { user: 'ann', password: 'wrong horse' }));
      expect(message).toMatch(/ann.*check/);
      expect(message).not.toContain('wrong horse');
      expect(message).not.toContain(Buffer.from('ann:wrong horse').toString('base64'));
      expect(requests.length).toBeLessThanOrEqual(2);
    },
  );

  test.each(['basic', 'token'] as const)('has nobody told how to say who they are (%s)', async (by) => {
    const { host } = await registry({ lock: { ...LOCK, by } });
    expect(await faultOf(push(host))).toContain('--password-stdin');
  });

  test('because it speaks no TLS has the option told that does without', async () => {
    const { host, requests } = await registry({ lock: LOCK });
    const name = { registry: host, repository: REPOSITORY, tag: '1' };
    const pushing = pushImage(name, image, { credentials: ANN, plainHttp: false, firstWaitMs: 1 });
    expect(await faultOf(pushing)).toContain('--insecure');
    expect(requests).toEqual([]);
  });

  test('has an upload at another server sent without the password', async () => {
    const seen: (string | undefined)[] = [];
    const other = await registry({
      misbehave: (request, response) => {
        seen.push(request.headers.authorization);
        request.resume().on('end', () => refuse(response, 400, 'UNSUPPORTED', 'not here'));
        return true;
      },
    });
    const { host } = await registry({
      lock: LOCK,
      misbehave: (request, response) => {
        if (request.method !== 'POST') return false;
        request.resume();
        response.writeHead(202, { location: `http://${other.host}/upload` }).end();
        return true;
      },
    });
    expect(await faultOf(push(host, ANN))).toContain('UNSUPPORTED not here');
    expect(seen).toEqual([undefined]);
  });
});

describe('a fault that may pass', () => {
  test.each([429, 503])('HTTP %i has the request made again', async (status) => {
    const busy = atFirst(
      3,
      (line) => line.startsWith('POST'),
      (request, response) => {
        request.resume();
        response.setHeader('retry-after', '0');
        refuse(response, status, 'TOOMANYREQUESTS', 'later');
        return true;
      },
    );
    const { host, blobs } = await registry({ misbehave: busy });
    await push(host);
    expect(blobs.size).toBe(4);
  });

  test('ends the push when it does not', async () => {
    const { host, requests } = await registry({
      misbehave: (_, response) => {
        refuse(response, 503, 'UNKNOWN', 'never');
        return true;
      },
    });
    expect(await faultOf(push(host))).toContain('HTTP 503), after 5 attempts');
    expect(requests).toHaveLength(5);
  });

  test('a connection that is lost within an upload has the upload begun anew', async () => {
    const lost = atFirst(2, isUpload, (request) => {
      request.once('data', () => request.destroy());
      return true;
    });
    const { host, requests, blobs } = await registry({ misbehave: lost });
    await push(host);
    expect(blobs.size).toBe(4);
    expect(requests.filter((line) => line.startsWith('POST'))).toHaveLength(6);
  });

  test('an upload whose answer alone was lost is not sent twice', async () => {
    const { blobs, host, requests } = await registry({
      misbehave: atFirst(1, isUpload, (_, response) => {
        // The registry goes on with the request; nobody hears what comes of it.
        response.writeHead = () => response.destroy();
        return false;
      }),
    });
    await push(host);
    expect(blobs.size).toBe(4);
    expect(requests.filter((line) => line.startsWith('POST'))).toHaveLength(4);
  });

  test('nobody at the address is told as such', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => taken.close(resolve));
    expect(await faultOf(push(`127.0.0.1:${port}`))).toContain('ECONNREFUSED');
  });
});

describe('a registry that has something else than was sent', () => {
  const other = digestOf(Buffer.from('something else'));

  test('and says so of an upload', async () => {
    const { host } = await registry({
      misbehave: (request, response) => {
        if (!isUpload(`${request.method} ${request.url}`)) return false;
        request.resume().on('end', () => response.writeHead(201, { 'docker-content-digest': other }).end());
        return true;
      },
    });
    expect(await faultOf(push(host))).toContain(`it says ${other}`);
  });

  test('and refuses what reached it', async () => {
    const { host, requests } = await registry({
      misbehave: (request, response) => {
        if (!isUpload(`${request.method} ${request.url}`)) return false;
        request.resume().on('end', () => refuse(response, 400, 'DIGEST_INVALID', 'not what it says'));
        return true;
      },
    });
    expect(await faultOf(push(host))).toContain('DIGEST_INVALID not what it says');
    expect(requests.some((line) => line.includes('/manifests/'))).toBe(false);
  });

  test('under the digest of a manifest, or has lost it', async () => {
    const headOfManifest: Misbehaviour = (request, response) => {
      if (request.method !== 'HEAD' || request.url?.includes('/manifests/') !== true) return false;
      response.writeHead(200, { 'docker-content-digest': other }).end();
      return true;
    };
    expect(await faultOf(push((await registry({ misbehave: headOfManifest })).host))).toContain(other);
    const lost: Misbehaviour = (request, response) => {
      if (request.method !== 'HEAD' || request.url?.includes('/manifests/') !== true) return false;
      response.writeHead(404).end();
      return true;
    };
    expect(await faultOf(push((await registry({ misbehave: lost })).host))).toContain('does not have it');
  });

  test('of another length', async () => {
    const { host } = await registry({
      misbehave: (request, response) => {
        if (request.method !== 'HEAD') return false;
        response.writeHead(200, { 'content-length': 3 }).end();
        return true;
      },
    });
    expect(await faultOf(push(host))).toContain('has 3 bytes under');
  });
});
