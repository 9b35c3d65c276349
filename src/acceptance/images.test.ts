/** The images that the command line makes: pushed to a registry, and their programs run from nothing but what is in them. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FOREIGN_PROGRAMS, findProgram } from '../host/index.js';
import { startRegistry } from '../images/testing/registry.js';
import { checkout, meshmark, scratchFolder } from './command-line.js';

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** No name of a user of this machine may help. */
const env = { DOCKER_CONFIG: folder };

describe('meshmark images push', () => {
  it('prints the name to deploy by, whose digest is that of images save', async () => {
    const registry = await startRegistry({ lock: { by: 'token', user: 'ann', password: 'right horse' } });
    const auth = Buffer.from('ann:right horse').toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const name = `${registry.host}/team/dataplane`;
    const pushed = await meshmark(['images', 'push', `${name}:1`, '--insecure'], { env });
    expect(pushed.exitCode, pushed.stderr).toBe(0);
    const saved = await meshmark(['images', 'save', join(folder, 'dataplane.tar'), '--json']);
    const { digest } = JSON.parse(saved.stdout) as { digest: string };
    expect(pushed.stdout).toBe(`${name}@${digest}\n`);
    const again = await meshmark(['images', 'push', name, '--insecure', '--json'], { env });
    expect(JSON.parse(again.stdout)).toMatchObject({
      reference: `${name}@${digest}`,
      architectures: ['amd64', 'arm64'],
      sentBytes: 0,
    });
    await registry.close();
  });

  it('takes the password of --user from stdin, before what is stored', async () => {
    const registry = await startRegistry({ lock: { by: 'basic', user: 'ann', password: 'right horse' } });
    const args = ['images', 'push', `${registry.host}/a`, '--insecure', '--user', 'ann', '--password-stdin'];
    const program = join(checkout, 'dist', 'cli', 'main.js');
    const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env } });
    const ended = once(child, 'exit');
    child.stdin.end('right horse\n');
    expect(await ended).toEqual([0, null]);
    expect(registry.blobs.size).toBe(4);
    await registry.close();
  });

  it('ends with 4 for a password that is refused, and prints it nowhere', async () => {
    const registry = await startRegistry({ lock: { by: 'basic', user: 'ann', password: 'right horse' } });
    const auth = Buffer.from('ann:wrong horse').toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const refused = await meshmark(['images', 'push', `${registry.host}/a`, '--insecure'], { env });
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain('IMAGE_NOT_PUSHED');
    expect(refused.stdout + refused.stderr).not.toContain('wrong horse');
    expect(refused.stdout + refused.stderr).not.toContain(auth);
    await registry.close();
  });

  it.each([
    [['team/dataplane'], 'begin with its host'],
    [['registry.example/Team'], 'is no repository'],
    [['registry.example/a', '--user', 'ann'], 'go together'],
    [['registry.example/a', '--user', 'ann', '--password-stdin'], 'stdin is empty'],
    [['registry.example/a', '--with', 'apache'], 'Allowed choices'],
  ])('ends with 2 and the mend for %j', async (args, mend) => {
    const { exitCode, stderr } = await meshmark(['images', 'push', ...args], { env });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(mend);
  });
});

const blind =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'needs root on Linux'
    : spawnSync('unshare', ['--mount', 'true']).status !== 0
      ? 'needs a mount namespace'
      : null;
const here = FOREIGN_PROGRAMS.filter((name) => findProgram(name) !== null);

describe.skipIf(blind !== null)(`an image with programs of this machine (${blind ?? 'in a chroot'})`, () => {
  const root = join(folder, 'root');

  /** Runs a program of the image as its user, with nothing of this machine but devices and processes. */
  const inImage = (limitS: number, ...command: string[]) => {
    const enter = [
      'root=$1; shift; mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc"',
      `exec timeout --preserve-status ${limitS} chroot --userspec=65534:65534 "$root" "$@"`,
    ].join(' && ');
    return spawnSync('unshare', ['--mount', '--pid', '--fork', 'sh', '-c', enter, 'sh', root, ...command], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });
  };

  beforeAll(async () => {
    const archive = join(folder, 'with.tar');
    const made = await meshmark(['images', 'save', archive, '--with', 'node', ...here, '--json']);
    expect(made.exitCode, made.stderr).toBe(0);
    const { digest, architectures } = JSON.parse(made.stdout) as { digest: string; architectures: string[] };
    expect(architectures).toHaveLength(1);
    const layout = join(folder, 'layout');
    mkdirSync(layout);
    execFileSync('tar', ['-xf', archive, '-C', layout]);
    const blob = (of: string) => join(layout, 'blobs', 'sha256', of.slice('sha256:'.length));
    const manifest = JSON.parse(readFileSync(blob(digest), 'utf8')) as { layers: { digest: string }[] };
    for (const name of ['proc', 'dev']) mkdirSync(join(root, name), { recursive: true });
    for (const layer of manifest.layers) execFileSync('tar', ['-xf', blob(layer.digest), '-C', root]);
  });

  it('runs the sidecar in Node, which listens', () => {
    const sidecar = ['/node', '/node-sidecar/main.js', '--upstream', '127.0.0.1:9'];
    const { stdout, stderr } = inImage(2, ...sidecar);
    expect(stdout, stderr).toContain('"event":"listening"');
  });

  it('runs the data plane as it does without them', () => {
    expect(inImage(2, '/dataplane', 'service').stdout).toContain('"event":"listening"');
  });

  for (const name of FOREIGN_PROGRAMS) {
    const lacking = here.includes(name) ? '' : ` (there is no ${name} here)`;
    it.skipIf(lacking !== '')(`runs ${name}${lacking}`, () => {
      const { status, stdout, stderr } = inImage(20, `/${name}`, name === 'envoy' ? '--version' : '-v');
      expect(stdout + stderr).toMatch(/\d+\.\d+\.\d+/);
      expect(status).toBe(0);
    });
  }
});

it('refuses a program that is not on this machine, before it builds', async () => {
  const args = ['images', 'save', join(folder, 'x.tar'), '--with', 'envoy'];
  const { exitCode, stderr } = await meshmark(args, { env: { MESHMARK_ENVOY: join(checkout, 'nothing') } });
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(process.platform === 'linux' ? /PROGRAM_MISSING.*MESHMARK_ENVOY/ : /--with takes/);
});
