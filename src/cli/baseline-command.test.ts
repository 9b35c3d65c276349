import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BaselineFault } from '../baseline/index.js';
import { readRun } from '../record/index.js';
import { baselineListCommand, baselineSaveCommand } from './baseline-command.js';
import { gateCommand } from './gate-command.js';
import { EXIT } from './outcome.js';
import { rememberingTerminal, storedRun } from './testing/stored-run.js';

let folder: string;
let store: string;
let terminal: ReturnType<typeof rememberingTerminal>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-baseline-'));
  store = join(folder, 'store');
  terminal = rememberingTerminal();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const COMMIT = 'abcdef0123456789abcdef0123456789abcdef01';
const save = (run: string, name = 'main') =>
  baselineSaveCommand(terminal, run, { name, store, commit: COMMIT });
const gate = (run: string, changed: { against?: string; json?: boolean; failOn?: string } = {}) =>
  gateCommand(terminal, run, { against: 'main', failOn: 'undecided', store, ...changed });
const said = () => [...terminal.printed, ...terminal.noted].join('\n');

/** The fields of a run on another machine. */
function elsewhere(run: string) {
  const { machine } = readRun(run).run;
  return { machine: { ...machine, hostname: 'elsewhere', fingerprint: 'f'.repeat(16) } };
}

describe('a run gated against a stored baseline', () => {
  it('passes where nothing changed, and fails where the variant became dearer', async () => {
    expect(save(storedRun(folder, 0, 1))).toBe(EXIT.passed);
    const code = await gate(storedRun(folder, 1, 1));
    expect(code, said()).toBe(EXIT.passed);
    expect(said()).toMatch(/gate pass: mine against main, CPU per request: × [01]/);
    expect(said()).toContain('Measured apart');
    expect(await gate(storedRun(folder, 2, 2))).toBe(EXIT.regression);
    expect(said()).toMatch(
      /gate fail: mine against main, CPU per request: × \d\.\d+ \(\d+.* µs now, .* stored\)/,
    );
  });

  it('is refused with the reason where the baseline is of another machine, and told what to do', async () => {
    const before = storedRun(folder, 0, 1);
    save(storedRun(folder, 1, 1, elsewhere(before)));
    const run = storedRun(folder, 2, 2);
    expect(await gate(run)).toBe(EXIT.noVerdict);
    expect(said()).toMatch(/main was measured on another machine \(elsewhere, .*fingerprint f{16}/);
    expect(said()).toContain(`meshmark gate SCENARIO --against git:${COMMIT}`);
    expect(await gate(run, { failOn: 'regression' })).toBe(EXIT.passed);
    terminal = rememberingTerminal();
    expect(await gate(run, { json: true })).toBe(EXIT.noVerdict);
    expect(JSON.parse(terminal.printed.join('\n'))).toMatchObject({ exitCode: 3, gate: [] });
  });

  it('takes the baseline of its own machine where one name has several', async () => {
    const run = storedRun(folder, 0, 1);
    save(run);
    save(storedRun(folder, 1, 3, elsewhere(run)));
    expect(readdirSync(store)).toHaveLength(2);
    expect(await gate(storedRun(folder, 2, 1))).toBe(EXIT.passed);
  });

  it('is refused where the scenario is another one', async () => {
    const run = storedRun(folder, 0, 1);
    const { scenario } = readRun(run).run;
    save(storedRun(folder, 1, 1, { scenario: { ...scenario, text: 'name: another' } }));
    expect(await gate(run)).toBe(EXIT.noVerdict);
    expect(said()).toMatch(/main is of another scenario/);
  });

  it('names the baselines that there are where there is none of that name', async () => {
    const run = storedRun(folder, 0, 1);
    save(run, 'release-1.0');
    await expect(gate(run, { against: 'realease' })).rejects.toThrow(
      new BaselineFault(
        'there is no baseline "realease": there are release-1.0; keep one with `meshmark baseline save RUN --name NAME`',
      ),
    );
  });
});

describe('a store', () => {
  it('lists what it holds, replaces as a whole, and is as it was after a name that cannot be', () => {
    save(storedRun(folder, 0, 1));
    save(storedRun(folder, 1, 1));
    expect(() => save(storedRun(folder, 2, 1), '../main')).toThrow(BaselineFault);
    expect(baselineListCommand(terminal, { store, json: true })).toBe(EXIT.passed);
    const { baselines } = JSON.parse(terminal.printed.at(-1) ?? '');
    expect(baselines).toMatchObject([{ name: 'main', commit: COMMIT, runId: 'run-1' }]);
    terminal = rememberingTerminal();
    baselineListCommand(terminal, { store });
    expect(said()).toMatch(/^name +scenario +saved +commit +machine\nmain .* UTC +abcdef012345 /);
  });

  it('tells of a damaged file and goes on with the others', async () => {
    save(storedRun(folder, 0, 1));
    const [file = ''] = readdirSync(store);
    writeFileSync(join(store, `torn.${file}`), readFileSync(join(store, file), 'utf8').slice(0, 500));
    writeFileSync(join(store, `newer.${file}`), '{"schema": "meshmark.baseline/2"}');
    expect(baselineListCommand(terminal, { store })).toBe(EXIT.usage);
    expect(said()).toMatch(/^main /m);
    expect(said()).toMatch(/newer\..*: cannot be read: its schema is not meshmark\.baseline\/1/);
    expect(said()).toMatch(/torn\..*: cannot be read: not JSON at \d+:\d+/);
    expect(await gate(storedRun(folder, 1, 1))).toBe(EXIT.passed);
    expect(readdirSync(store)).toHaveLength(3);
  });

  it('says that the one that is asked for is damaged, where it is', async () => {
    mkdirSync(store);
    writeFileSync(join(store, 'main.x.y.baseline.json'), '{');
    await expect(gate(storedRun(folder, 0, 1))).rejects.toThrow(
      /main\.x\.y\.baseline\.json cannot be read \(not JSON/,
    );
  });

  it('does not keep a run that was interrupted', () => {
    const run = storedRun(folder, 0, 1, {
      state: 'interrupted',
      stateReason: 'interrupted after 2 of 4 rounds',
    });
    expect(save(run)).toBe(EXIT.noVerdict);
    expect(said()).toMatch(/not kept: the run is interrupted/);
    expect(baselineListCommand(terminal, { store })).toBe(EXIT.passed);
    expect(said()).toMatch(/holds no baseline/);
  });
});
