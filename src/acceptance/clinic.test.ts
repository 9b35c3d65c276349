/** Clinic at real Node sidecars and at autocannon, through the command line. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../host/index.js';
import { CLINIC_TOOLS, type ClinicRecord, readRun } from '../record/index.js';
import { meshmark, scenarioFile, scratchFolder, startMeshmark } from './command-line.js';
import { processesOf } from './run-processes.js';

const SCENARIO = `schema: meshmark.scenario/1
name: clinic
workload: {protocol: http1, responseBytes: 16KiB, connections: 8}
load: {driver: autocannon, model: closed, processes: 2}
slices: {duration: 1s, blocks: 4, seed: 5}
variants:
  - {id: node-plain}
  - {id: node-pooled}
baseline: node-plain
`;
const OPEN = SCENARIO.replace(/^load: .*/m, 'load: {driver: loadgen, model: open, rate: 200/s}');
const IDS = ['node-plain', 'node-pooled'];
const hasClinic = findProgram('clinic') !== null;

interface Told {
  readonly page: string;
  readonly whole: boolean;
  readonly clinic: readonly { readonly tool: string; readonly of: string; readonly fault: string | null }[];
  readonly kinds: readonly {
    readonly kind: string;
    readonly sentences: readonly string[];
    readonly total: { readonly before: number; readonly after: number } | null;
  }[];
}

function profile(scenario: string, out: string, ...more: readonly string[]) {
  const variants = more.includes('--variant') ? [] : ['--variant', ...IDS];
  return ['profile', scenarioFile(scenario), ...variants, '--slice', '600ms', '--out', out, ...more];
}

/** A program that takes clinic's arguments; `body` has `tool`, and `go` runs the program as Node.js alone would. */
function fakeClinic(body: string): string {
  const path = join(scratchFolder(), 'clinic');
  writeFileSync(
    path,
    `#!/usr/bin/env node
const { spawn } = require('node:child_process');
const [tool, ...rest] = process.argv.slice(2);
if (tool === '--version') { console.log('v13.0.0'); process.exit(0); }
const go = () => spawn('node', rest.slice(rest.indexOf('--') + 2), { stdio: 'inherit' }).once('exit', (code) => process.exit(code ?? 1));
${body}
`,
    { mode: 0o755 },
  );
  return path;
}

const scratchOfClinic = () => readdirSync(tmpdir()).filter((name) => name.startsWith('meshmark-clinic-'));

describe('meshmark profile of Node variants', () => {
  it.skipIf(!hasClinic)(
    'has every tool of clinic look at both variants and at autocannon, and measures nothing',
    async () => {
      const out = join(scratchFolder(), 'clinic');
      const before = scratchOfClinic();
      const running = startMeshmark(profile(SCENARIO, out, '--json'));
      const ended = await running.ended;
      expect(ended.exitCode, ended.stderr).toBe(0);
      const told = JSON.parse(ended.stdout) as Told;
      expect(told.whole).toBe(true);

      const { slices, steps, profiles, controls, windows, clinic, stacks } = readRun(out);
      expect([slices, steps, profiles, controls]).toEqual([[], [], [], []]);
      expect(windows.every(({ track }) => track === 'idle')).toBe(true);
      const of = (one: ClinicRecord) => (one.role === 'autocannon' ? one.role : one.variant);
      const looks = [...IDS, 'autocannon'].flatMap((id) => CLINIC_TOOLS.map((tool) => `${id} ${tool}`));
      expect(clinic.map((one) => `${of(one)} ${one.tool}`).sort()).toEqual([...looks].sort());

      const page = readFileSync(told.page, 'utf8');
      for (const look of clinic) {
        // A tool that does not work on this Node.js says so in the report; each of the others has its page beside it.
        if (look.fault !== null) expect(page).toContain('Not all of it worked here');
        else expect(look.findings, `${look.tool} of ${of(look)}`).not.toBeNull();
        expect(look.requests).toBeGreaterThan(20);
        if (look.page === null) continue;
        expect(page).toContain(`href="${look.page}"`);
        expect(statSync(join(dirname(told.page), look.page)).size).toBeGreaterThan(10_000);
        const own = readFileSync(join(dirname(told.page), look.page), 'utf8');
        expect(own).toMatch(
          /^\s*<!doctype html>[\s\S]*<head[^>]*><meta http-equiv="Content-Security-Policy"/i,
        );
      }
      // What works on the Node.js that the project is developed on.
      if (process.version.startsWith('v20.'))
        expect(clinic.map(({ fault }) => fault).filter(Boolean)).toEqual([]);

      expect(page).toContain('data-flame="node-cpu"');
      expect(page).toContain('data-flame="node-heap"');
      expect(page).toContain('Content-Security-Policy');
      const cpu = told.kinds.find(({ kind }) => kind === 'node-cpu');
      expect(cpu?.sentences.join(' ')).toMatch(/node-pooled uses .* than node-plain/);
      expect(new Set(stacks.map(({ kind }) => kind))).toEqual(new Set(['node-cpu', 'node-heap']));
      // Those of the sidecar, not of what loaded or looked at it.
      const named = clinic.flatMap(({ findings }) => (findings?.type === 'shares' ? findings.largest : []));
      expect(named.some(({ name }) => /node:(internal\/main|inspector)/.test(name))).toBe(false);

      expect(processesOf(running.pid)).toEqual([]);
      expect(scratchOfClinic().filter((name) => !before.includes(name))).toEqual([]);

      const again = await meshmark(['report', out]);
      expect(again.exitCode, again.stderr).toBe(0);
      expect(readFileSync(told.page, 'utf8')).toBe(page);
    },
  );

  it('tells in its own words of a tool that does not work, and goes on with the others', async () => {
    const out = join(scratchFolder(), 'clinic');
    const clinic = fakeClinic(`if (tool === 'flame') {
  console.error('Error: flame knows no Node.js of this version');
  process.exit(1);
} else go();`);
    const running = startMeshmark(profile(OPEN, out, '--variant', 'node-plain'), {
      env: { MESHMARK_CLINIC: clinic },
    });
    const ended = await running.ended;
    // None of the tools found anything.
    expect(ended.exitCode, ended.stderr).toBe(4);
    const looks = readRun(out).clinic;
    expect(looks).toHaveLength(4);
    for (const { tool, fault } of looks) {
      expect(fault).toMatch(
        tool === 'flame'
          ? /did not come up: outbound ended: exit code 1; .*Error: flame knows no Node\.js of this version/
          : /it ended and had written nothing/,
      );
    }
    const page = readFileSync(join(out, 'profile.html'), 'utf8');
    expect(page).toContain('flame knows no Node.js of this version');
    expect(ended.stdout).toMatch(/clinic flame of node-plain: .*flame knows no Node\.js of this version/);
    expect(processesOf(running.pid)).toEqual([]);
  });

  it('keeps what was found when it is interrupted, and leaves no process', async () => {
    const out = join(scratchFolder(), 'clinic');
    const running = startMeshmark([...profile(OPEN, out), '--slice', '60s'], {
      env: { MESHMARK_CLINIC: fakeClinic('go();') },
    });
    await running.saw(/round 1 of 1/);
    while (!processesOf(running.pid).some(({ command }) => command.includes('--collect-only')))
      await new Promise((resolve) => setTimeout(resolve, 50));
    const toldAt = Date.now();
    running.kill('SIGINT');
    const ended = await running.ended;
    // A slice is a minute long.
    expect(Date.now() - toldAt).toBeLessThan(20_000);
    expect(ended.exitCode, ended.stderr).toBe(130);
    expect(existsSync(join(out, 'profile.html'))).toBe(true);
    expect(processesOf(running.pid)).toEqual([]);
  });

  it('says how to install clinic where there is none, before anything is started', async () => {
    const out = join(scratchFolder(), 'clinic');
    const ended = await meshmark(profile(OPEN, out), { env: { MESHMARK_CLINIC: '/nowhere/clinic' } });
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /PROGRAM_MISSING .*profiled by clinic.*MESHMARK_CLINIC names \/nowhere\/clinic/,
    );
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses a variant in Go beside one in Node.js with one message and exit 2', async () => {
    const mixed = OPEN.replace('  - {id: node-pooled}', '  - {id: plain}');
    const ended = await meshmark(['profile', scenarioFile(mixed), '--variant', 'node-plain', 'plain']);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/in Node\.js .* a run of its own/);
  });
});
