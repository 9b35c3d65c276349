/** The configurations as they are written, and each judged by the program itself where it is on this machine. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../host/index.js';
import type { ForeignProgram, WrittenOptions } from '../../variants/index.js';
import { createAuthority } from '../certificates.js';
import type { ForeignConfiguration, ForeignProxy } from './configuration.js';
import { CONFIGURE } from './configure.js';
import { HAPROXY_IDENTITY, joinedIdentity } from './haproxy.js';
import { middleProxy } from './testing/middle-proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-test-'));
const authority = createAuthority(join(folder, 'certificates'), 3_600_000);

afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly program: ForeignProgram;
  /** Name of the golden text in `golden`. */
  readonly name: string;
  readonly options: WrittenOptions;
  readonly protocol?: 'http1' | 'h2' | 'grpc' | 'tcp';
}

const CASES: readonly Case[] = (['envoy', 'haproxy', 'nginx'] as const).flatMap((program) => [
  { program, name: 'bare', options: {} },
  { program, name: 'mesh', options: { duties: 'mesh', accessLog: true } },
  { program, name: 'mtls', options: { mtls: 'all', duties: 'mesh' } },
  {
    program,
    name: 'fresh',
    options: {
      mtls: 'all',
      tls: { key: 'rsa', version: '1.2', resumption: false },
      upstreamConnections: 'fresh',
    },
  },
  { program, name: 'grpc', options: { mtls: 'all' }, protocol: 'grpc' },
  ...(program === 'nginx'
    ? []
    : [
        { program, name: 'tcp', options: {}, protocol: 'tcp' } as const,
        { program, name: 'h2', options: { mtls: 'all', meshProtocol: 'h2' } } as const,
      ]),
  ...(program === 'envoy'
    ? [{ program, name: 'h3', options: { mtls: 'all', meshProtocol: 'h3' } } as const]
    : []),
]);

async function configured(one: Case, directory: string): Promise<[ForeignProxy, ForeignConfiguration]> {
  const { program: kind, options, protocol } = one;
  const place = await middleProxy(authority, { kind, options }, directory, protocol);
  return [place, CONFIGURE[one.program](place)];
}

describe.each(CASES)('$program, $name', (one) => {
  it('is configured as it is written down', async () => {
    const [, { text }] = await configured(one, join(folder, 'run'));
    const golden = join(import.meta.dirname, 'golden', `${one.program}-${one.name}.txt`);
    await expect(text.replaceAll(folder, 'FOLDER')).toMatchFileSnapshot(golden);
  });

  const path = findProgram(one.program);
  it.skipIf(path === null)('is found right by the program itself', async () => {
    const directory = join(folder, `${one.program}-${one.name}`);
    const [{ identity }, { file, text, checkArgv }] = await configured(one, directory);
    mkdirSync(directory);
    writeFileSync(join(directory, file), text);
    if (identity !== null) {
      writeFileSync(join(directory, HAPROXY_IDENTITY), joinedIdentity(identity));
    }
    const judged = spawnSync(path ?? '', checkArgv, { encoding: 'utf8' });
    expect(judged.stdout + judged.stderr).not.toMatch(/\[(warn|WARNING|ALERT|emerg)\]/);
    expect(judged.status, judged.stdout + judged.stderr).toBe(0);
  });
});

describe('workers', () => {
  it.each([
    ['envoy', '--concurrency'],
    ['haproxy', 'nbthread'],
  ] as const)(
    '%s is left to take one for each core of a machine that is not known yet',
    async (kind, word) => {
      const place = await middleProxy(authority, { kind, options: {} }, join(folder, 'run'));
      const said = (workers: number | null) => {
        const { text, argv } = CONFIGURE[kind]({ ...place, workers });
        return text + argv.join(' ');
      };
      expect(said(3)).toContain(`${word} 3`);
      expect(said(null)).not.toContain(word);
    },
  );
});

describe('nginx', () => {
  it('is given no device as its pid file, since it removes that file', async () => {
    for (const one of CASES.filter(({ program }) => program === 'nginx')) {
      const [, { text }] = await configured(one, join(folder, 'run'));
      expect(/^pid "?([^";]+)"?;$/m.exec(text)?.[1]).toBe(join(folder, 'run', 'nginx.pid'));
      expect(text).not.toContain('/dev/');
    }
  });
});
