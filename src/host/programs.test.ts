import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { lacking } from './abilities.js';
import { findProgram, howToGet, programVersion } from './programs.js';

/** A folder with a program that says `version`. */
function folderWith(name: string, version: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-test-'));
  writeFileSync(join(folder, name), `#!/bin/sh\necho '${version}'\n`);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

afterEach(() => vi.unstubAllEnvs());

describe('a program of others', () => {
  it('is the one that its variable names before the one on PATH', () => {
    const [first, second] = [folderWith('envoy', 'x'), folderWith('envoy', 'y')];
    vi.stubEnv('PATH', second);
    expect(findProgram('envoy')).toBe(join(second, 'envoy'));
    vi.stubEnv('MESHMARK_ENVOY', join(first, 'envoy'));
    expect(findProgram('envoy')).toBe(join(first, 'envoy'));
  });

  it('is hidden by a variable that names none, and the variable is to blame', () => {
    vi.stubEnv('PATH', folderWith('haproxy', 'x'));
    vi.stubEnv('MESHMARK_HAPROXY', '/nonexistent/haproxy');
    expect(findProgram('haproxy')).toBeNull();
    expect(howToGet('haproxy')).toMatch(/MESHMARK_HAPROXY names \/nonexistent\/haproxy/);
    expect(lacking('program:haproxy')).toMatch(/there is no haproxy here: MESHMARK_HAPROXY/);
  });

  it('is found in the cache, and not in a folder of its name', () => {
    const cache = mkdtempSync(join(tmpdir(), 'meshmark-test-'));
    mkdirSync(join(cache, 'envoy'));
    vi.stubEnv('PATH', cache);
    vi.stubEnv('XDG_CACHE_HOME', cache);
    expect(findProgram('envoy') ?? '').not.toBe(join(cache, 'envoy'));
  });

  it.each([
    ['envoy', 'envoy  version: 9e55809/1.40.0/Clean/RELEASE/BoringSSL', '1.40.0'],
    ['haproxy', 'HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/', '2.6.12-1+deb12u4'],
    ['nginx', 'nginx version: nginx/1.22.1', '1.22.1'],
    ['nginx', 'nothing', 'unknown'],
  ] as const)('%s says its version', (name, said, version) => {
    expect(programVersion(name, join(folderWith(name, said), name))).toBe(version);
  });
});
