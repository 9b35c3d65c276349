import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ociArchive } from './oci-archive.js';
import { type ImagePlatform, ociImage } from './oci-image.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-images-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const platform = (architecture: 'amd64' | 'arm64') => ({
  architecture,
  files: [
    { path: 'dataplane', content: Buffer.from(`a program for ${architecture}`), executable: true },
    { path: 'README', content: Buffer.alloc(512, 'x'), executable: false },
  ],
  entrypoint: ['/dataplane'],
});

function archived(...platforms: [ImagePlatform, ...ImagePlatform[]]) {
  const image = ociImage(platforms);
  return { archive: ociArchive('meshmark.test/x:1', image), digest: image.root.digest };
}

/** Unpacks by the machine's own tar. */
function unpacked(archive: Buffer, name: string): string {
  const target = join(folder, name);
  execFileSync('mkdir', [target]);
  writeFileSync(`${target}.tar`, archive);
  execFileSync('tar', ['-xf', `${target}.tar`, '-C', target]);
  return target;
}

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

interface Blob {
  readonly digest: string;
  readonly size: number;
}

function blobOf(target: string, { digest, size }: Blob): Buffer {
  const content = readFileSync(join(target, 'blobs', 'sha256', digest.slice(7)));
  expect(`sha256:${sha256(content)}`).toBe(digest);
  expect(content.length).toBe(size);
  return content;
}

describe('an image’s archive', () => {
  test('is an OCI layout, each blob under its digest, that names the image', () => {
    const { archive, digest } = archived(platform('amd64'));
    const target = unpacked(archive, 'one');
    expect(JSON.parse(readFileSync(join(target, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    const index = JSON.parse(readFileSync(join(target, 'index.json'), 'utf8')) as {
      manifests: (Blob & { annotations: Record<string, string> })[];
    };
    const [only] = index.manifests;
    if (only === undefined) throw new Error('no manifest');
    expect(only.digest).toBe(digest);
    expect(only.annotations['io.containerd.image.name']).toBe('meshmark.test/x:1');
    const manifest = JSON.parse(blobOf(target, only).toString()) as { config: Blob; layers: Blob[] };
    const config = JSON.parse(blobOf(target, manifest.config).toString()) as Record<string, unknown>;
    expect(config).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: ['/dataplane'] },
    });
    const layer = blobOf(target, manifest.layers[0] ?? { digest: '', size: 0 });
    expect(config.rootfs).toEqual({ type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] });
    const files = unpacked(layer, 'layer');
    expect(readdirSync(files).sort()).toEqual(['README', 'dataplane', 'etc', 'tmp']);
    expect(readFileSync(join(files, 'dataplane'), 'utf8')).toBe('a program for amd64');
    expect(statSync(join(files, 'dataplane')).mode & 0o777).toBe(0o755);
    expect(statSync(join(files, 'README')).size).toBe(512);
  });

  test('has a list of images where there are several platforms', () => {
    const { archive, digest } = archived(platform('amd64'), platform('arm64'));
    const target = unpacked(archive, 'two');
    const index = JSON.parse(readFileSync(join(target, 'index.json'), 'utf8')) as { manifests: Blob[] };
    expect(index.manifests.map((one) => one.digest)).toEqual([digest]);
    const list = JSON.parse(blobOf(target, index.manifests[0] ?? { digest, size: 0 }).toString()) as {
      manifests: (Blob & { platform: unknown })[];
    };
    expect(list.manifests.map((one) => one.platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ]);
    for (const one of list.manifests) blobOf(target, one);
  });

  test('is the same for the same files, and another for others', () => {
    const digestFor = (architecture: 'amd64' | 'arm64') => archived(platform(architecture)).digest;
    expect(digestFor('amd64')).toBe(digestFor('amd64'));
    expect(digestFor('amd64')).not.toBe(digestFor('arm64'));
    const twice = [platform('amd64'), platform('amd64')].map((one) => archived(one).archive);
    expect(twice[0]?.equals(twice[1] ?? Buffer.alloc(0))).toBe(true);
  });

  test('names each folder before what is in it, and folders of libraries that the loader must be told of', () => {
    const files = [{ path: 'opt/a/lib/x.so', content: Buffer.from('x'), executable: false }];
    const image = ociImage([{ architecture: 'amd64', files, entrypoint: [], libraryFolders: ['opt/a/lib'] }]);
    const [config, layer] = image.blobs;
    expect(JSON.parse(config?.content.toString() ?? '')).toMatchObject({
      config: { User: '65534:65534', Env: ['PATH=/', 'LD_LIBRARY_PATH=/opt/a/lib'] },
    });
    writeFileSync(join(folder, 'folders.tar'), layer?.content ?? '');
    const listed = execFileSync('tar', ['-tf', join(folder, 'folders.tar')], { encoding: 'utf8' });
    expect(listed.trim().split('\n')).toEqual([
      ...['etc/', 'opt/', 'opt/a/', 'opt/a/lib/', 'etc/passwd', 'tmp/', 'opt/a/lib/x.so'],
    ]);
  });

  test('refuses a path that its format cannot name', () => {
    const files = [{ path: 'x'.repeat(101), content: Buffer.alloc(0), executable: false }];
    expect(() => archived({ architecture: 'amd64', files, entrypoint: [] })).toThrow(RangeError);
  });
});
