/** What is done with reports once they are written, on the committed sample: nothing here measures. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout, meshmark, scratchFolder } from './command-line.js';

const sample = join(checkout, 'reports', 'sample', 'report.html');

describe('meshmark compare of two pages', () => {
  it('reads back the runs that they carry', async () => {
    const ended = await meshmark(['compare', sample, sample, '--json']);
    expect(ended.exitCode, ended.stderr).toBe(0);
    const { sameMachine, comparisons } = JSON.parse(ended.stdout);
    expect(sameMachine).toBe(true);
    expect(comparisons.length).toBeGreaterThan(20);
    for (const { ratio } of comparisons) expect(ratio).toBeCloseTo(1, 9);
  });

  it('refuses a page that is not there, carries nothing, or was changed, with exit 2 and the mend', async () => {
    const folder = scratchFolder();
    const plain = join(folder, 'plain.html');
    writeFileSync(plain, '<p>hello</p>');
    const changed = join(folder, 'changed.html');
    writeFileSync(changed, readFileSync(sample, 'utf8').replace(/("sha256":")[0-9a-f]{4}/, '$10000'));
    for (const [page, words] of [
      [join(folder, 'none.html'), 'does not exist'],
      [plain, 'carries no run'],
      [changed, 'digest'],
    ] as const) {
      const ended = await meshmark(['compare', sample, page]);
      expect(ended.exitCode, page).toBe(2);
      expect(ended.stderr).toContain(words);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe('meshmark index', () => {
  it('writes a page that leads to the report of each run, and says what could not be read', async () => {
    const folder = scratchFolder();
    cpSync(join(checkout, 'reports', 'sample'), join(folder, 'first run'), { recursive: true });
    mkdirSync(join(folder, 'bad'));
    writeFileSync(join(folder, 'bad', 'run.json'), '{');
    mkdirSync(join(folder, 'something else'));
    const ended = await meshmark(['index', folder]);
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stdout.trim()).toBe(join(folder, 'index.html'));
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page).toContain('href="first%20run/report.html"');
    expect(page).toMatch(/bad.*is not JSON/s);
    expect(page).not.toContain('something else');
  });

  it('says of what is no folder that it is none', async () => {
    const ended = await meshmark(['index', join(scratchFolder(), 'none')]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain('is no folder');
  });
});
