/** What is kept and what is left behind when a run is cut short. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readRun } from '../record/index.js';
import { meshmark, scenarioFile, scratchFolder, startMeshmark } from './command-line.js';
import { cgroupsOf, processesOf } from './run-processes.js';
import { microScenario } from './scenarios.js';

const onLinux = process.platform === 'linux';
const asRoot = onLinux && process.getuid?.() === 0;

describe.runIf(onLinux)('a run that is cut short', () => {
  it('on SIGINT tears everything down, keeps what was measured and exits 130', async () => {
    const out = join(scratchFolder(), 'run');
    const run = startMeshmark(['run', scenarioFile(microScenario(10)), '--out', out]);
    await run.saw(/round 2 of 10/);
    await sleep(500);
    run.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.exitCode, ended.stderr).toBe(130);
    expect(processesOf(run.pid)).toEqual([]);
    expect(cgroupsOf(run.pid)).toEqual([]);
    const record = readRun(out);
    expect(record.run.state).toBe('interrupted');
    expect(record.slices.length).toBeGreaterThan(10);
    expect(record.damaged).toEqual([]);
    expect(existsSync(join(out, 'report.html'))).toBe(true);
  });

  it('on SIGKILL leaves no process after 2 s, nothing for clean to find, and a record that can be reported', async () => {
    const out = join(scratchFolder(), 'run');
    const run = startMeshmark(['run', scenarioFile(microScenario(10)), '--out', out]);
    await run.saw(/round 2 of 10/);
    await sleep(500);
    expect(processesOf(run.pid).length).toBeGreaterThan(4);
    run.kill('SIGKILL');
    await run.ended;
    await sleep(2000);
    expect(processesOf(run.pid)).toEqual([]);
    const cleaned = await meshmark(['clean']);
    expect(cleaned.exitCode, cleaned.stderr).toBe(0);
    expect(cgroupsOf(run.pid)).toEqual([]);
    expect(readRun(out).slices.length).toBeGreaterThan(10);
    const reported = await meshmark(['report', out]);
    expect(reported.exitCode, reported.stderr).toBe(0);
    expect(/interrupted/.test(readFileSync(join(out, 'report.html'), 'utf8'))).toBe(true);
  });

  it('marks a variant whose sidecar is killed in a slice as failed, with how it ended, and measures the others on', async () => {
    const out = join(scratchFolder(), 'run');
    const run = startMeshmark(['run', scenarioFile(microScenario(4)), '--out', out]);
    await run.saw(/round 2 of 4/);
    await sleep(700);
    const victim = processesOf(run.pid).find(
      ({ command }) =>
        // Both variants pool their connections; only one of them its buffers.
        command[command.indexOf('--buffers') + 1] === 'pooled' &&
        command.includes('outbound') &&
        !command.includes('launch'),
    );
    expect(victim).toBeDefined();
    process.kill(victim?.pid ?? -1, 'SIGKILL');
    const ended = await run.ended;
    expect(ended.exitCode, ended.stderr).toBe(3);
    expect(ended.stderr).toMatch(/pooled-buffer failed: outbound ended: killed by SIGKILL/);
    const record = readRun(out);
    const [plain, pooled] = ['plain', 'pooled-buffer'].map((id) =>
      record.run.variants.find((one) => one.id === id),
    );
    expect(pooled?.status).toBe('failed');
    expect(pooled?.reason).toMatch(/killed by SIGKILL/);
    expect(plain?.status).toBe('measured');
    const roundsOf = (id: string) =>
      new Set(record.slices.filter((slice) => slice.variant === id).map((slice) => slice.round));
    expect(roundsOf('plain').size).toBe(4);
    expect(roundsOf('pooled-buffer').size).toBeLessThan(4);
  });

  it.runIf(asRoot)(
    'says so when the disk is full, exits 4, and what was written stays readable',
    async () => {
      const mount = join(scratchFolder(), 'small-disk');
      mkdirSync(mount);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=192k', 'tmpfs', mount]);
      try {
        const out = join(mount, 'run');
        const run = startMeshmark(['run', scenarioFile(microScenario(10)), '--out', out]);
        const ended = await run.ended;
        expect(ended.exitCode, ended.stderr).toBe(4);
        expect(ended.stderr).toMatch(/disk|space/i);
        expect(ended.stderr).not.toMatch(/\n\s+at /);
        expect(processesOf(run.pid)).toEqual([]);
        const record = readRun(out);
        expect(record.slices.length).toBeGreaterThan(5);
      } finally {
        execFileSync('umount', [mount]);
      }
    },
  );
});
