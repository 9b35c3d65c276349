import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clearStamp, digestOf, isFresh, writeStamp } from './fingerprint.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-fingerprint-'));
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner', 'main.go'), 'package main\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const digest = (facts = ['go1.26.0']) => digestOf([folder], facts, (path) => path.endsWith('.go'));

describe('digestOf', () => {
  it('changes with a file, a new file, and a fact', () => {
    const seen = new Set([digest(), digest(['go1.26.1'])]);
    writeFileSync(join(folder, 'inner', 'main.go'), 'package main // changed\n');
    seen.add(digest());
    writeFileSync(join(folder, 'other.go'), '');
    seen.add(digest());
    expect(seen.size).toBe(4);
  });

  it('does not change with a file that is left out', () => {
    const before = digest();
    writeFileSync(join(folder, 'README.md'), 'words');
    expect(digest()).toBe(before);
  });
});

it('takes a build for fresh only while its stamp holds the digest', () => {
  const stamp = join(folder, 'dist', '.digest');
  expect(isFresh(stamp, digest())).toBe(false);
  writeStamp(stamp, digest());
  expect(isFresh(stamp, digest())).toBe(true);
  clearStamp(stamp);
  expect(isFresh(stamp, digest())).toBe(false);
});
