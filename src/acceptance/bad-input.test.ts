/** Wrong input, fed to the real command line. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storedRun } from '../cli/testing/stored-run.js';
import { checkout, meshmark, scenarioFile, scratchFolder } from './command-line.js';

const malformed = join(checkout, 'src', 'scenario', 'malformed');

describe('malformed scenarios', () => {
  const files = readdirSync(malformed).filter((name) => name.endsWith('.yaml'));

  it('number at least 40', () => {
    expect(files.length).toBeGreaterThanOrEqual(40);
  });

  it('each give FILE:LINE:COLUMN and a sentence, exit 2 and no stack trace', async () => {
    const all = files.map((file) => join(malformed, file));
    const ended = await meshmark(['validate', ...all]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    const lines = ended.stderr.trim().split('\n');
    for (const line of lines) expect(line).toMatch(/\.yaml:\d+:\d+ \S.*[^\s]$/);
    const silent = all.filter((path) => !lines.some((line) => line.includes(`${basename(path)}:`)));
    expect(silent).toEqual([]);
  });

  // One process each takes minutes for all of them.
  it.each(files.filter((_, index) => index % 25 === 0))('%s by itself, too', async (file) => {
    const ended = await meshmark(['validate', join(malformed, file)]);
    expect(ended.exitCode, ended.stderr).toBe(2);
    expect(ended.stderr.trim()).toMatch(/\.yaml:\d+:\d+ \S.*[^\s]$/);
  });

  it('are refused by run before anything is started', async () => {
    const file = join(malformed, files[0] ?? '');
    const ended = await meshmark(['run', file, '--out', join(scratchFolder(), 'run')]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/\.yaml:\d+:\d+ /);
  });
});

describe('a wrong command line', () => {
  it('names an unknown command and the closest one, exit 2', async () => {
    const ended = await meshmark(['rnu']);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/unknown command.*rnu/i);
    expect(ended.stderr).toMatch(/run/);
  });

  it('names a scenario that is not there, exit 2', async () => {
    const ended = await meshmark(['run', '/nonexistent/scenario.yaml']);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain('/nonexistent/scenario.yaml');
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  it('names a folder that holds no run, exit 2', async () => {
    const ended = await meshmark(['report', scratchFolder()]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/run\.json/);
  });

  it('refuses an option value that is no number, exit 2', async () => {
    const scenario = join(checkout, 'scenarios', 'quickstart.yaml');
    const ended = await meshmark(['run', scenario, '--blocks', 'many']);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/--blocks/);
  });

  it('refuses a plan that does not fit its budget and says what would', async () => {
    const path = scenarioFile(`schema: meshmark.scenario/1
name: too much
workload: {responseBytes: 1KiB, connections: 4}
load: {driver: loadgen, model: open, rate: 100/s}
slices: {duration: 5s, blocks: 50, budget: 30s}
variants: [{id: direct}, {id: plain}]
baseline: direct
`);
    const ended = await meshmark(['validate', path]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/budget/);
    expect(ended.stderr).toMatch(/blocks/);
  });
});

describe('a damaged record', () => {
  it('is told of and left as it is, and keeps no other run from its report', async () => {
    const folder = scratchFolder();
    const torn = storedRun(folder, 1, 1);
    const half = readFileSync(join(torn, 'run.json'), 'utf8').slice(0, 300);
    writeFileSync(join(torn, 'run.json'), half);
    const whole = storedRun(folder, 2, 1);
    const ended = await meshmark(['report', torn, whole]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/RECORD_MALFORMED .*run-1\/run\.json:\d+:\d+ is not JSON/);
    expect(ended.stdout.trim()).toBe(join(whole, 'report.html'));
    expect(existsSync(join(whole, 'report.html'))).toBe(true);
    expect(readFileSync(join(torn, 'run.json'), 'utf8')).toBe(half);
  });
});

describe('an image that cannot be', () => {
  it('is refused by its name, exit 2', async () => {
    const ended = await meshmark(['images', 'save', 'image.tar', '--name', 'Not A Name']);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain('`registry.example/meshmark/dataplane:1`, not `Not A Name`');
  });

  it('is not built where it could not be written, exit 4', async () => {
    const ended = await meshmark(['images', 'save', '/nonexistent/image.tar']);
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(/IMAGE_NOT_WRITTEN the image could not be written: ENOENT/);
  });
});
