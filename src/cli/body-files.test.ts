import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bodiesBeside } from './body-files.js';

describe('bodiesBeside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-bodies-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = bodiesBeside(join(folder, 'scenario.yaml'));

  it('reads a file named from where the scenario is, byte for byte', () => {
    const content = Buffer.from([0, 255, 10, 13]);
    writeFileSync(join(folder, 'body.bin'), content);
    expect(read('body.bin')).toEqual({ ok: true, content });
    expect(read(join(folder, 'body.bin'))).toEqual({ ok: true, content });
  });

  it('says what is wrong with a folder, a device, a file that is too large and one that is not there', () => {
    writeFileSync(join(folder, 'large'), '');
    truncateSync(join(folder, 'large'), 8 * 2 ** 20 + 1);
    const problem = (name: string) => {
      const found = read(name);
      return found.ok ? null : found.problem;
    };
    expect(problem('.')).toMatch(/^is no file; /);
    expect(problem('/dev/zero')).toMatch(/^is no file; /);
    expect(problem('large')).toMatch(/^is larger than 8MiB; /);
    expect(problem('nothing')).toMatch(/^is not there; /);
    expect(problem('large/nothing')).toMatch(/^cannot be read \(ENOTDIR\); /);
    expect(problem('a\0b')).toMatch(/^cannot be read /);
  });
});
