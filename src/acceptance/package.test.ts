/** The package that `npm pack` makes, installed into an empty folder as somebody else would. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout, scratchFolder } from './command-line.js';
import { microScenario } from './scenarios.js';

function run(directory: string, command: string, ...args: string[]) {
  const env = { ...process.env, CI: 'true', NO_COLOR: '1', XDG_STATE_HOME: join(directory, 'state') };
  // So that nothing of the checkout is found by way of what the test runner was started with.
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('npm_')));
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: directory, env: own, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the package', () => {
  const folder = scratchFolder();
  const meshmark = (...args: string[]) => run(folder, 'npx', '--no-install', 'meshmark', ...args);

  it('installs into an empty folder, without tests', () => {
    const packed = run(checkout, 'npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
    expect(packed.status, packed.stderr).toBe(0);
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'none';
    const options = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline', '--prefix', '.'];
    const installed = run(folder, 'npm', 'install', ...options, `./${archive}`);
    expect(installed.status, installed.stderr).toBe(0);
    const files = readdirSync(join(folder, 'node_modules', 'meshmark'), {
      recursive: true,
      encoding: 'utf8',
    });
    expect(files.filter((name) => /\.test\.|_test\.go$|^dist\/acceptance|test-cluster/.test(name))).toEqual(
      [],
    );
  });

  it('lists what can stand here', () => {
    const listed = meshmark('list', '--json');
    expect(listed.status, listed.stderr).toBe(0);
    const { variants } = JSON.parse(listed.stdout) as { variants: { id: string; status: string }[] };
    expect(variants.find(({ id }) => id === 'plain')?.status).toBe('available');
  });

  it('checks a scenario of the folder’s, and those that it brings', () => {
    writeFileSync(join(folder, 'mine.yaml'), microScenario(4));
    const valid = meshmark('validate', 'mine.yaml', 'node_modules/meshmark/scenarios/quickstart.yaml');
    expect(valid.status, valid.stderr).toBe(0);
    writeFileSync(join(folder, 'wrong.yaml'), microScenario(4).replace('blocks', 'block'));
    const wrong = meshmark('validate', 'wrong.yaml');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/^wrong\.yaml:\d+:\d+ /);
  });

  it('measures, and reports in the forms that it has', () => {
    const measured = meshmark('run', 'mine.yaml', '--out', 'reports/mine');
    expect([0, 3], measured.stdout + measured.stderr).toContain(measured.status);
    const out = join(folder, 'reports', 'mine');
    for (const name of ['report.html', 'report.md', 'junit.xml'])
      expect(existsSync(join(out, name))).toBe(true);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('pooled-buffer');
    const printed = meshmark('report', 'reports/mine', '--format', 'csv');
    expect(printed.status, printed.stderr).toBe(0);
    expect(printed.stdout).toMatch(/\r\nmine,short slices,effect,pooled-buffer,plain,cpu\.per_request,/);
  });
});
