/** A change measured beside the commit that it is to go on: meshmark's own sidecar, and a proxy of the user's own. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRun } from '../record/index.js';
import { checkout, meshmark, scratchFolder, startMeshmark } from './command-line.js';

function git(directory: string, ...args: string[]): string {
  const identity = [
    '-c',
    'user.name=A tester',
    '-c',
    'user.email=tester@example.org',
    '-c',
    'commit.gpgsign=false',
  ];
  return execFileSync('git', ['-C', directory, ...identity, ...args], { encoding: 'utf8' });
}

function writeIn(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** A repository whose branch `main` holds these files, and is checked out. */
function repositoryWith(files: Readonly<Record<string, string>>, folders: readonly string[] = []): string {
  const directory = scratchFolder();
  git(directory, 'init', '--quiet', '--initial-branch', 'main');
  for (const folder of folders) cpSync(join(checkout, folder), join(directory, folder), { recursive: true });
  writeIn(directory, files);
  commitAll(directory, 'Begin');
  return directory;
}

function commitAll(directory: string, message: string): string {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', message);
  return git(directory, 'rev-parse', 'HEAD').trim();
}

/** Worktrees that git knows beside the repository itself. */
function worktreesOf(directory: string): string[] {
  return (
    git(directory, 'worktree', 'list', '--porcelain')
      .match(/^worktree .*$/gm)
      ?.slice(1) ?? []
  );
}

/** Folders that a process of meshmark's made for what it built. */
function leftOf(pid: number): string[] {
  return readdirSync(tmpdir()).filter((name) => new RegExp(`^meshmark-(worktree|built)-${pid}-`).test(name));
}

function gateScenario(limit: string, gate = true): string {
  return `schema: meshmark.scenario/1
name: a change
topology: {hops: 1}
workload: {protocol: http1, responseBytes: 1KiB, connections: 8}
slices: {blocks: 10, replicas: 10, seed: 5, micro: {requests: 150, warmup: 50, perRound: 2500ms}}
variants:
  - {id: direct}
  - {id: plain}
baseline: direct
${gate ? `gate:\n  - {metric: cpu.per_request, maxIncrease: ${limit}}\n` : ''}`;
}

describe('a change of the sidecar, gated against the commit that it is to go on', () => {
  const clone = repositoryWith({ 'scenarios/change.yaml': gateScenario('30%'), 'README.md': 'Words.\n' }, [
    join('infra', 'dataplane'),
  ]);
  const main = git(clone, 'rev-parse', 'main').trim();
  const gate = (out: string) =>
    meshmark(['gate', 'scenarios/change.yaml', '--against', 'git:main', '--out', out], { directory: clone });

  it('fails with exit 1 and names the metric when the change makes the sidecar dearer', async () => {
    git(clone, 'checkout', '--quiet', '-b', 'dearer', 'main');
    const options = join(clone, 'infra', 'dataplane', 'internal', 'sidecar', 'options.go');
    const before = readFileSync(options, 'utf8');
    const after = before.replace('flags.Float64("burn-micros", 0,', 'flags.Float64("burn-micros", 60,');
    expect(after).not.toBe(before);
    writeFileSync(options, after);
    const dearer = commitAll(clone, 'Do more for each request');

    const out = join(scratchFolder(), 'run');
    const ended = await gate(out);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(1);
    expect(ended.stdout).toMatch(/gate fail: plain against plain-base, CPU per request: /);
    const { run } = readRun(out);
    expect(run.against).toEqual({
      asked: 'git:main',
      commit: main,
      own: { commit: dearer, changed: false },
      identical: [],
    });
    expect(run.variants.map(({ id, options }) => [id, options.version])).toEqual([
      ['plain', 'own'],
      ['plain-base', 'base'],
    ]);
    expect(run.machine.binaries.plain).not.toBe(run.machine.binaries['plain-base']);
    expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain(main.slice(0, 12));
    expect(worktreesOf(clone)).toEqual([]);
  });

  it('passes when the change is of words alone, and measures both all the same', async () => {
    git(clone, 'checkout', '--quiet', '-b', 'words', 'main');
    writeIn(clone, { 'README.md': 'Better words.\n' });
    commitAll(clone, 'Say it better');

    const out = join(scratchFolder(), 'run');
    const ended = await gate(out);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stderr).toContain('plain: the same program, byte for byte, at git:main');
    const { run, slices } = readRun(out);
    expect(run.against?.identical).toEqual(['plain']);
    for (const id of ['plain', 'plain-base']) {
      expect(slices.filter(({ variant }) => variant === id).length).toBeGreaterThan(10);
    }
    expect(worktreesOf(clone)).toEqual([]);
  });

  it('is stopped by Ctrl-C while it builds, and leaves no worktree', async () => {
    const running = startMeshmark(['run', 'scenarios/change.yaml', '--against', 'git:main'], {
      directory: clone,
    });
    await running.saw(/building the data plane of git:main/);
    running.kill('SIGINT');
    expect((await running.ended).exitCode).toBe(130);
    expect(worktreesOf(clone)).toEqual([]);
    expect(leftOf(running.pid)).toEqual([]);
    expect(existsSync(join(clone, 'reports'))).toBe(false);
  });
});

describe('a run that was killed while it built', () => {
  it('leaves a worktree that the next one removes, and nothing of anybody else’s', async () => {
    const clone = repositoryWith({ 'scenario.yaml': customScenario('30%'), 'build.sh': 'sleep 300\n' });
    const other = join(scratchFolder(), 'other');
    git(clone, 'worktree', 'add', '--quiet', '--detach', other, 'main');
    const command = ['run', 'scenario.yaml', '--against', 'git:main'];
    const running = startMeshmark(command, { directory: clone });
    await running.saw(/building by `sh build\.sh` in/);
    running.kill('SIGKILL');
    await running.ended;
    expect(worktreesOf(clone)).toHaveLength(2);

    writeIn(clone, { 'build.sh': 'exit 1\n' });
    expect((await meshmark(command, { directory: clone })).exitCode).toBe(4);
    expect(worktreesOf(clone)).toEqual([`worktree ${realpathSync(other)}`]);
    expect(leftOf(running.pid)).toEqual([]);
  });
});

/** A proxy in one file; `busy` has it do useless work for each request. */
function proxySource(turns: number): string {
  return `import { createServer, request } from 'node:http';
const [listen, upstream] = process.argv.slice(2).map((text) => text.split(':'));
createServer((incoming, answer) => {
  for (let turn = 0; turn < ${turns}; turn += 1) Math.sqrt(turn);
  const { method, url, headers } = incoming;
  incoming.pipe(request({ host: upstream[0], port: upstream[1], method, path: url, headers }, (reply) => {
    answer.writeHead(reply.statusCode, reply.headers);
    reply.pipe(answer);
  }));
}).listen(Number(listen[1]), listen[0]);
`;
}

function customScenario(limit: string): string {
  return `schema: meshmark.scenario/1
name: my proxy
topology: {hops: 1}
workload: {protocol: http1, responseBytes: 1KiB, connections: 8}
slices: {blocks: 8, replicas: 8, seed: 5, micro: {requests: 100, warmup: 30, perRound: 2s}}
variants:
  - {id: direct}
  - {id: mine, kind: custom, build: [sh, build.sh], command: [node, built/proxy.mjs, "{listen}", "{upstream}"]}
baseline: direct
gate:
  - {metric: cpu.per_request, maxIncrease: ${limit}}
`;
}

describe('a proxy of the user’s own, built by a command of the scenario', () => {
  const repository = repositoryWith({
    'bench/scenario.yaml': customScenario('20%'),
    'build.sh': 'mkdir -p built && cp proxy.mjs built/proxy.mjs\n',
    'proxy.mjs': proxySource(0),
    '.gitignore': 'built/\n',
  });

  it('is built in both versions, each in its own folder, and fails the gate where it became dearer', async () => {
    writeIn(repository, { 'proxy.mjs': proxySource(400_000) });
    const out = join(scratchFolder(), 'run');
    // From elsewhere: the build's folder is that of the repository, not the caller's.
    const scenario = join(repository, 'bench', 'scenario.yaml');
    const ended = await meshmark(['run', scenario, '--against', 'git:main', '--out', out], {
      directory: scratchFolder(),
    });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(1);
    expect(ended.stdout).toMatch(/gate fail: mine against mine-base, CPU per request: /);
    expect(readRun(out).run.against?.own.changed).toBe(true);
    expect(worktreesOf(repository)).toEqual([]);
  });

  it('ends with 4 and what the build said where it cannot be built', async () => {
    writeIn(repository, { 'build.sh': 'echo a word is missing >&2; exit 3\n' });
    const ended = await meshmark(['run', 'bench/scenario.yaml'], { directory: repository });
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /BUILD_FAILED .*`sh build\.sh`.* could not be built \(exit code 3\):\na word is missing/,
    );
    expect(existsSync(join(repository, 'reports'))).toBe(false);
  });
});

describe('a commit that cannot be compared with', () => {
  const repository = repositoryWith({
    'plain.yaml': gateScenario('5%'),
    'without-gate.yaml': customScenario('5%').replace(/gate:\n.*\n/, ''),
  });
  const refusal = async (...args: string[]) => {
    const ended = await meshmark(args, { directory: repository });
    expect(ended.exitCode, ended.stderr).toBe(2);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    return ended.stderr;
  };

  it('is named where it is not there, even by a name that git would take for an option', async () => {
    expect(await refusal('run', 'without-gate.yaml', '--against', 'git:nowhere')).toMatch(
      /--against git:nowhere: .* has no such commit; `git fetch`/,
    );
    expect(await refusal('run', 'without-gate.yaml', '--against', 'git:--all')).toMatch(/has no such commit/);
  });

  it('is told from a stored baseline, which `run` does not take', async () => {
    expect(await refusal('run', 'plain.yaml', '--against', 'main')).toMatch(/must be `git:` and a commit/);
  });

  it('is refused where nothing of the scenario is built from the repository', async () => {
    expect(await refusal('run', 'plain.yaml', '--against', 'git:main')).toMatch(
      /nothing differs from one commit to another: .* the Go sidecars are not of this repository/,
    );
  });

  it('is refused for a gate that has no rule', async () => {
    expect(await refusal('gate', 'without-gate.yaml', '--against', 'git:main')).toMatch(/has no `gate`/);
  });

  it('is refused outside of a repository', async () => {
    const folder = scratchFolder();
    writeIn(folder, { 'plain.yaml': gateScenario('5%') });
    expect(await refusal('run', join(folder, 'plain.yaml'), '--against', 'git:main')).toMatch(
      /no git repository/,
    );
  });
});
