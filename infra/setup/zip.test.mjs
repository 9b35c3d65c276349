import { describe, expect, it } from 'vitest';
import { zipOf } from './testing/zip.mjs';
import { zipFiles } from './zip.mjs';

/** @param {Buffer} archive */
const unpack = (archive) => [...zipFiles(archive)].map(({ name, content }) => [name, content.toString()]);

describe('zipFiles', () => {
  it('gives stored and deflated files, and leaves folders out', () => {
    const long = 'again and again '.repeat(500);
    const archive = zipOf([
      { name: 'm@v1/bin/', content: '' },
      { name: 'm@v1/bin/go', content: long, deflate: true },
      { name: 'm@v1/ünï.txt', content: 'plain' },
      { name: 'm@v1/empty', content: '' },
    ]);
    expect(unpack(archive)).toEqual([
      ['m@v1/bin/go', long],
      ['m@v1/ünï.txt', 'plain'],
      ['m@v1/empty', ''],
    ]);
  });

  it.each(['../outside', '/etc/passwd', 'a/../../b', 'a\\b'])('refuses the path %s', (name) => {
    expect(() => unpack(zipOf([{ name, content: 'x' }]))).toThrow('unsafe path');
  });

  it('says so when an archive was cut off', () => {
    const archive = zipOf([{ name: 'a', content: 'x'.repeat(1000) }]);
    expect(() => unpack(archive.subarray(0, 500))).toThrow('cut off');
  });

  it('says so when an entry is packed by another method than deflate', () => {
    expect(() => unpack(zipOf([{ name: 'a', content: 'x', method: 12 }]))).toThrow('method 12');
  });
});
