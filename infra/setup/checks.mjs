/** The steps of `npm test`, in the order that tells most for the least time. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findExecutable, repositoryRoot, run, tail } from './steps.mjs';
import { NOTHING, ONE_FAILED, sum, tallyGo, tallyVitest, withExitCode } from './tally.mjs';

/** @typedef {import('./tally.mjs').Tally} Tally */
/** @typedef {'packages' | 'harness' | 'go' | 'dataplane' | 'chromium' | 'wrk' | 'proxies' | 'k6' | 'clinic' | 'perf' | 'kernel-tools' | 'kubernetes'} Need */

/**
 * What the set-up brought, for the steps that named it among their needs.
 * @typedef {{go: import('./go.mjs').Go | null, chromium: string | null}} Tools
 */

/**
 * @typedef {object} Outcome
 * @property {boolean} ok
 * @property {string} output shown when the step failed
 * @property {string} closing the runner's own last words, shown always; '' for none
 * @property {Readonly<Tally>} tally
 */

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} title
 * @property {readonly Need[]} needs
 * @property {(tools: Tools) => Promise<Outcome>} perform
 */

const bin = join(repositoryRoot, 'node_modules', '.bin');
const dataplane = join(repositoryRoot, 'infra', 'dataplane');

/** @type {readonly Check[]} */
export const CHECKS = [
  command('format', 'format and lint', [[join(bin, 'biome'), 'check', '--error-on-warnings', '.']]),
  {
    name: 'types',
    title: 'types',
    needs: ['packages'],
    perform: () =>
      commands(
        [
          'tsconfig.json',
          join('src', 'report', 'client', 'tsconfig.json'),
          join('infra', 'checks', 'tsconfig.json'),
        ].map((project) => [join(bin, 'tsc'), '--noEmit', '-p', project]),
      ),
  },
  command('imports', 'import rules, and a canary that must break them', [
    [join(bin, 'depcruise'), '--config', join('infra', 'checks', 'dependency-cruiser.cjs'), 'src'],
    [process.execPath, join('infra', 'checks', 'import-canary.mjs')],
  ]),
  command('unused', 'unused files, exports and dependencies', [
    [join(bin, 'knip'), '--config', join('infra', 'checks', 'knip.json'), '--no-progress'],
  ]),
  {
    name: 'unit',
    title: 'unit tests',
    needs: ['packages', 'harness', 'dataplane'],
    perform: () => vitest('unit'),
  },
  { name: 'go', title: 'Go: format, vet and tests', needs: ['go', 'kernel-tools'], perform: checkGo },
  {
    name: 'acceptance',
    title: 'end to end on the local cluster',
    needs: ['packages', 'harness', 'dataplane', 'wrk', 'proxies', 'k6', 'clinic', 'perf', 'kernel-tools'],
    perform: () => vitest('acceptance'),
  },
  {
    name: 'cluster',
    title: 'on a real Kubernetes',
    needs: ['packages', 'harness', 'dataplane', 'kubernetes'],
    perform: () => vitest('cluster'),
  },
  {
    name: 'browser',
    title: 'the report in a browser',
    needs: ['packages', 'harness', 'chromium'],
    perform: ({ chromium }) => vitest('browser', { MESHMARK_CHROMIUM: chromium ?? '' }),
  },
];

/** @param {string} name @param {string} title @param {readonly string[][]} argvs @returns {Check} */
function command(name, title, argvs) {
  return { name, title, needs: ['packages'], perform: () => commands(argvs) };
}

/** All commands are run, so that one run of the check shows everything. @param {readonly string[][]} argvs @returns {Promise<Outcome>} */
async function commands(argvs) {
  const ended = [];
  for (const argv of argvs) ended.push(await run(argv));
  const failed = ended.filter(({ code }) => code !== 0);
  const output = failed.map((each) => each.output.trimEnd()).join('\n');
  return { ok: failed.length === 0, output, closing: '', tally: failed.length === 0 ? NOTHING : ONE_FAILED };
}

/**
 * @param {'unit' | 'acceptance' | 'cluster' | 'browser'} project
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {Promise<Outcome>}
 */
async function vitest(project, extra = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-test-'));
  try {
    const report = join(folder, 'vitest.json');
    const config = join('infra', 'checks', 'vitest.config.ts');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { code, output } = await run(
      [join(bin, 'vitest'), 'run', '--config', config, '--project', project, ...reporters],
      {
        env: { ...process.env, NO_COLOR: '1', ...extra },
      },
    );
    const counted = existsSync(report) ? tallyVitest(readFileSync(report, 'utf8')) : NOTHING;
    const tally = withExitCode(counted, code);
    return { ok: tally.failed === 0, output, closing: vitestSummary(output), tally };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines with which vitest ends: how many files and tests, how long. @param {string} output */
function vitestSummary(output) {
  const lines = tail(output, 12).split('\n');
  return lines.filter((line) => /^\s*(Test Files|Tests|Errors|Duration)\s/.test(line)).join('\n');
}

/** @param {Tools} tools @returns {Promise<Outcome>} */
async function checkGo({ go }) {
  if (go === null) throw new Error('the Go check was run without Go');
  const inModule = (/** @type {string[]} */ argv, /** @type {NodeJS.ProcessEnv} */ extra = {}) =>
    run(argv, { cwd: dataplane, env: { ...go.env, ...extra } });

  const faults = [];
  const root = (await inModule([go.command, 'env', 'GOROOT'])).output.trim();
  const format = await inModule([join(root, 'bin', 'gofmt'), '-l', '.']);
  if (format.code !== 0 || format.output.trim() !== '') {
    faults.push(`gofmt would change these files (gofmt -w infra/dataplane mends it):\n${format.output}`);
  }
  for (const system of ['linux', 'darwin']) {
    const vet = await inModule([go.command, 'vet', './...'], { GOOS: system, CGO_ENABLED: '0' });
    if (vet.code !== 0) faults.push(`go vet for ${system}:\n${vet.output}`);
  }

  const compiler = findExecutable([process.env.CC || 'gcc', 'cc', 'clang']);
  const race = compiler === null ? [] : ['-race'];
  // Packages one after another: several of them measure time and CPU.
  const argv = [go.command, 'test', ...race, '-p=1', '-count=1', '-json', './...'];
  const tests = await inModule(argv, { CGO_ENABLED: compiler === null ? '0' : '1' });
  const read = tallyGo(tests.output);
  const raced = withExitCode(read.tally, tests.code);
  const profiled = compiler === null ? { tally: NOTHING, output: '' } : await testProfiles(go);
  if (profiled.tally.failed > 0) faults.push(profiled.output);
  const tested = sum([raced, profiled.tally]);
  // A module whose tests vanished must not pass.
  const none = tested.passed + tested.failed === 0 ? ['go test found no tests'] : [];
  if (raced.failed > 0) faults.push(read.output);
  faults.push(...none);
  const tally = { ...tested, failed: tested.failed + faults.length - (tested.failed > 0 ? 1 : 0) };
  const detector =
    compiler === null ? '; without the race detector, which needs a C compiler (gcc or clang)' : '';
  return {
    ok: faults.length === 0,
    output: faults.join('\n'),
    closing: `${read.summary}; ${tested.passed} passed, ${tested.failed} failed, ${tested.skipped} skipped${detector}`,
    tally,
  };
}

/**
 * Where a program spends its time can only be tested without the race detector, which takes most of it.
 *
 * @param {import('./go.mjs').Go} go
 */
async function testProfiles(go) {
  const { code, output } = await run([go.command, 'test', '-count=1', '-json', './internal/cpushares'], {
    cwd: dataplane,
    env: { ...go.env, CGO_ENABLED: '0' },
  });
  const read = tallyGo(output);
  return { tally: withExitCode(read.tally, code), output: read.output };
}
