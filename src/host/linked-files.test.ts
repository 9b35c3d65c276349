import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { librariesIn, linkedFiles } from './linked-files.js';

describe('the files that a program is loaded with', () => {
  test('are read from what ldd of glibc prints', () => {
    const text = [
      '\tlinux-vdso.so.1 (0x00007f1aa7728000)',
      '\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f1aa7400000)',
      '\tlibown.so => /opt/own/bin/../lib/libown.so (0x00007f1aa7400000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f1aa772a000)',
    ].join('\n');
    expect(librariesIn(text)).toEqual([
      '/lib/x86_64-linux-gnu/libstdc++.so.6',
      '/opt/own/lib/libown.so',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  test('are read from what ldd of musl prints', () => {
    const text = [
      '\t/lib/ld-musl-aarch64.so.1 (0xffff9c6f0000)',
      '\tlibc.musl-aarch64.so.1 => /lib/ld-musl-aarch64.so.1 (0xffff9c6f0000)',
    ].join('\n');
    expect(librariesIn(text)).toEqual(['/lib/ld-musl-aarch64.so.1', '/lib/ld-musl-aarch64.so.1']);
  });

  test.runIf(process.platform === 'linux')('are on this machine, its loader among them, each once', () => {
    const { paths } = linkedFiles(['/bin/sh', '/bin/sh']);
    expect(paths.length).toBeGreaterThan(0);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.every((path) => existsSync(path))).toBe(true);
    expect(paths.some((path) => /^ld-/.test(basename(path)))).toBe(true);
  });
});
