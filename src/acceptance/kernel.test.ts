/** The rows whose work is done in the kernel: their counters against the traffic, and what happens where they cannot stand. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { lacking } from '../host/index.js';
import { type RunRecord, readRun } from '../record/index.js';
import { KERNEL_FEATURES } from '../variants/index.js';
import { checkout, meshmark, scenarioFile, scratchFolder, startMeshmark } from './command-line.js';
import { countOf, detachPrograms, kernelObjects, nftTables } from './kernel-objects.js';

const asRoot = process.platform === 'linux' && process.getuid?.() === 0;
const whole = asRoot && KERNEL_FEATURES.every((feature) => lacking(`kernel:${feature}`) === null);

const SLICES = 'slices: {blocks: 1, replicas: 1, seed: 5, micro: {requests: 200, warmup: 50, perRound: 3s}}';

function byteScenario(addresses: 'ipv4' | 'ipv6', rounds = 1): string {
  return `schema: meshmark.scenario/1
name: bytes in the kernel
topology: {path: [client, outbound, service], addresses: ${addresses}}
workload: {protocol: tcp, responseBytes: 16KiB, connections: 8}
${SLICES.replace('blocks: 1, replicas: 1', `blocks: ${rounds}, replicas: ${rounds}`)}
variants:
  - {id: plain}
  - {id: ebpf-sockops}
  - {id: ebpf-sockmap}
  - {id: zero-sidecar}
  - {id: zero-sidecar-messages, kind: zero-sidecar, options: {sameHost: messages}}
baseline: plain
`;
}

function requestScenario(addresses: 'ipv4' | 'ipv6'): string {
  return `schema: meshmark.scenario/1
name: requests and the kernel
topology: {hops: 2, addresses: ${addresses}}
workload: {protocol: http1, responseBytes: 4KiB, connections: 8}
${SLICES}
variants:
  - {id: plain}
  - {id: ebpf-sockops}
  - {id: all-on-messages, kind: all-on, options: {sameHost: messages}}
  - {id: rbac-ebpf}
  - {id: zero-sidecar-policy, kind: zero-sidecar, options: {policy: kernel}}
  - {id: connect, kind: plain, options: {interception: connect}}
  - {id: connect-lean, kind: netpoll, options: {interception: connect}}
  - {id: redirect, kind: plain, options: {interception: redirect}}
  - {id: redirect-lean, kind: worker-pool, options: {interception: redirect}}
baseline: plain
`;
}

async function runOf(scenario: string): Promise<RunRecord> {
  const out = join(scratchFolder(), 'run');
  const ended = await meshmark(['run', scenarioFile(scenario), '--out', out]);
  expect(ended.stderr).not.toMatch(/failed|rror/);
  return readRun(out).run;
}

/** Part and whole of a witness's detail: "1,234 of 1,240 bytes …". */
function countsOf(detail: string): { part: number; whole: number } {
  const [, part = '', of = ''] = /^([\d,]+) of ([\d,]+) /.exec(detail) ?? [];
  return { part: Number(part.replaceAll(',', '')), whole: Number(of.replaceAll(',', '')) };
}

describe.runIf(whole)('what the kernel does for a variant', () => {
  it.each([
    { name: 'bytes, IPv4', scenario: byteScenario('ipv4') },
    { name: 'bytes, IPv6', scenario: byteScenario('ipv6') },
    { name: 'requests, IPv4', scenario: requestScenario('ipv4') },
    { name: 'requests, IPv6', scenario: requestScenario('ipv6') },
  ])(
    'is counted in it to within 1 % of the traffic, and nowhere else: $name',
    async ({ scenario }) => {
      const run = await runOf(scenario);
      for (const variant of run.variants) {
        expect(variant, variant.reason ?? '').toMatchObject({ status: 'measured' });
        const witnesses = run.analysis?.witnesses[variant.id] ?? [];
        expect(witnesses.filter(({ agrees }) => !agrees)).toEqual([]);
        const inKernel = witnesses.filter(({ name, claimed }) => claimed && KERNEL_WITNESS.test(name));
        if (variant.id !== 'plain') expect(inKernel.length).toBeGreaterThan(0);
        for (const { name, detail } of inKernel) {
          const { part, whole: all } = countsOf(detail);
          expect(all, `${variant.id} ${name}: ${detail}`).toBeGreaterThan(0);
          expect(Math.abs(part / all - 1), `${variant.id} ${name}: ${detail}`).toBeLessThan(0.01);
        }
      }
      expect(countOf(kernelObjects())).toBe(0);
      expect(nftTables()).toEqual([]);
    },
    60_000,
  );

  it('is called not exercised when its programs are taken off behind its back, and the others are measured', async () => {
    const out = join(scratchFolder(), 'run');
    const run = startMeshmark(['run', scenarioFile(byteScenario('ipv4', 3)), '--out', out]);
    await run.saw(/round 2 of 3/);
    await sleep(500);
    detachPrograms();
    const ended = await run.ended;
    const { variants, analysis } = readRun(out).run;
    for (const { id, status, reason, witness } of variants) {
      expect(status, `${id}: ${reason ?? ''} ${ended.stderr}`).toBe(
        id === 'plain' ? 'measured' : 'not-exercised',
      );
      if (id !== 'plain') expect(witness?.exercised).toBe(false);
    }
    const effects = analysis?.effects.filter(({ candidate }) => candidate.startsWith('ebpf')) ?? [];
    expect(effects.length).toBeGreaterThan(0);
    for (const effect of effects) expect(effect).toMatchObject({ verdict: 'not-exercised', ratio: null });
  }, 60_000);
});

const KERNEL_WITNESS = /^(messages|kernel-forwarding|connects-redirected|intercepted|kernel-policy)\b/;

describe.runIf(asRoot)('a machine that has not what the rows need', () => {
  const scenario = byteScenario('ipv4');

  it('says without cgroup v2 what is missing, and runs the rest of the scenario', () => {
    const out = join(scratchFolder(), 'run');
    // A mount namespace of its own, in which cgroup v2 is not mounted.
    const script = `set -e; grep ' cgroup2 ' /proc/self/mounts | cut -d' ' -f2 | while read -r m; do umount -l "$m"; done; exec "$0" "$@"`;
    const command = [
      process.execPath,
      join(checkout, 'dist', 'cli', 'main.js'),
      'run',
      scenarioFile(scenario),
    ];
    const ended = spawnSync('unshare', ['-m', 'sh', '-c', script, ...command, '--out', out], {
      encoding: 'utf8',
      env: { ...process.env, CI: 'true', NO_COLOR: '1' },
    });
    expectRestMeasured(out, /cgroup/, ended.stderr);
  }, 60_000);

  it('says without root what is missing, and runs the rest of the scenario', () => {
    // A copy that a user without rights can read, with a folder that it can write.
    const home = scratchFolder();
    chmodSync(home, 0o755);
    cpSync(join(checkout, 'dist'), join(home, 'dist'), { recursive: true });
    cpSync(join(checkout, 'package.json'), join(home, 'package.json'));
    cpSync(join(checkout, 'node_modules'), join(home, 'node_modules'), { recursive: true });
    const work = join(home, 'work');
    mkdirSync(work);
    chmodSync(work, 0o777);
    const out = join(work, 'run');
    const file = scenarioFile(scenario);
    chmodSync(join(file, '..'), 0o755);
    const ended = spawnSync(
      process.execPath,
      [join(home, 'dist', 'cli', 'main.js'), 'run', file, '--out', out],
      {
        encoding: 'utf8',
        uid: 65_534,
        gid: 65_534,
        cwd: work,
        env: { ...process.env, HOME: work, CI: 'true', NO_COLOR: '1' },
      },
    );
    expectRestMeasured(out, /root|CAP_/, ended.stderr);
  }, 90_000);

  function expectRestMeasured(out: string, missing: RegExp, stderr: string): void {
    const { run } = readRun(out);
    for (const { id, status, reason } of run.variants) {
      if (id === 'plain') expect(status, stderr).toBe('measured');
      else {
        expect(status, `${id} ${stderr}`).toBe('unavailable');
        expect(reason).toMatch(missing);
      }
    }
    expect(stderr).toMatch(/ebpf-sockmap unavailable: .*the others go on/);
  }
});
