/**
 * `npm test`: sets up what is missing, then runs every check; `npm test -- unit go` runs those named, and
 * `npm test -- --list` names them. Exits 1 when anything failed, 2 when a name is not one of them.
 */

import { clusterNotAsked, ensureKubernetes } from '../test-cluster/kubernetes.mjs';
import { ensureNodePrograms } from '../test-cluster/programs.mjs';
import { buildDataplane, buildHarness } from './build.mjs';
import { CHECKS } from './checks.mjs';
import { ensureClinic } from './clinic.mjs';
import { checkNode, ensureDependencies } from './dependencies.mjs';
import { ensureGo } from './go.mjs';
import { ensureK6 } from './k6.mjs';
import { MissingProgram } from './missing-program.mjs';
import { ensureChromium, ensureKernelTools, ensurePerf, ensureProxies, ensureWrk } from './programs.mjs';
import { formatDuration, printFault, SetupFault, setupStep, stepLine, tail } from './steps.mjs';
import { closingLine, ONE_FAILED, ONE_SKIPPED, sum } from './tally.mjs';

/** @typedef {import('./checks.mjs').Check} Check */
/** @typedef {import('./checks.mjs').Need} Need */
/** @typedef {{check: Check, state: 'passed' | 'failed' | 'skipped', milliseconds: number, tally: Readonly<import('./tally.mjs').Tally>}} Result */

/**
 * Without these only the tests that want them are lost, and those say so themselves.
 *
 * @type {ReadonlySet<Need>}
 */
const OPTIONAL = new Set(['wrk', 'proxies', 'k6', 'clinic', 'perf', 'kernel-tools']);

/** What a machine may lack even in a job that must run everything: not every one may have a cluster of its own. */
const NEVER_OWED = new Set(['kubernetes']);

/** Lines of a failed step's output that are shown; the causes are near the end, except in a long list. */
const FAILURE_LINES = 400;

/** @param {readonly string[]} names @returns {readonly Check[]} */
function selectChecks(names) {
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length > 0) {
    console.error(
      `no step is called ${unknown.join(', ')}; there are ${CHECKS.map(({ name }) => name).join(', ')}`,
    );
    process.exit(2);
  }
  return names.length === 0 ? CHECKS : CHECKS.filter(({ name }) => names.includes(name));
}

/**
 * Brings what the checks need, each once and in a fixed order, and returns what could not be had.
 *
 * @param {readonly Check[]} checks
 */
async function setUp(checks) {
  console.log('set-up');
  /** @type {import('./checks.mjs').Tools} */
  const tools = { go: null, chromium: null };
  /** @type {Map<Need, SetupFault>} */
  const missing = new Map();
  const needed = new Set(checks.flatMap(({ needs }) => needs));
  if (needed.has('dataplane')) needed.add('go');

  /** @param {Need} need @param {() => Promise<unknown>} action */
  const bring = async (need, action) => {
    if (!needed.has(need)) return;
    try {
      await action();
    } catch (error) {
      if (!(error instanceof SetupFault)) throw error;
      printFault(error);
      missing.set(need, error);
    }
  };
  await setupStep('Node', checkNode);
  await bring('packages', () => setupStep('packages', ensureDependencies));
  await bring('go', async () => {
    tools.go = await setupStep('Go', ensureGo);
  });
  await bring('harness', () => setupStep('harness', buildHarness));
  await bring('dataplane', async () => {
    const { go } = tools;
    if (go === null) missing.set('dataplane', /** @type {SetupFault} */ (missing.get('go')));
    else await setupStep('data plane', () => buildDataplane(go));
  });
  await bring('chromium', async () => {
    tools.chromium = await setupStep('browser', ensureChromium);
  });
  await bring('wrk', () => setupStep('wrk', ensureWrk));
  await bring('proxies', () => setupStep('proxies', ensureProxies));
  await bring('k6', () => setupStep('k6', ensureK6));
  await bring('clinic', () => setupStep('clinic', ensureClinic));
  await bring('perf', () => setupStep('perf', ensurePerf));
  await bring('kernel-tools', () => setupStep('kernel tools', ensureKernelTools));
  const unasked = needed.has('kubernetes') ? clusterNotAsked() : null;
  if (unasked !== null) missing.set('kubernetes', unasked);
  else {
    await bring('kubernetes', () =>
      setupStep('Kubernetes', async () => {
        await ensureNodePrograms();
        return (await ensureKubernetes()).kubernetes;
      }),
    );
  }
  console.log('');
  return { tools, missing };
}

/**
 * @param {Check} check
 * @param {Awaited<ReturnType<typeof setUp>>} ready
 * @returns {Promise<Result>}
 */
async function perform(check, { tools, missing }) {
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  const lacking = check.needs.filter((need) => missing.has(need) && !OPTIONAL.has(need));
  if (lacking.length > 0) {
    const onlyProgram = lacking.every((need) => missing.get(need) instanceof MissingProgram);
    const owed = process.env.CI === 'true' && !lacking.some((need) => NEVER_OWED.has(need));
    const skipped = onlyProgram && !owed;
    const reasons = lacking.map((need) => missing.get(need)?.message).join('; ');
    console.log(stepLine(skipped ? '–' : '✗', check.title, elapsed()));
    console.log(`    ${skipped ? 'SKIPPED' : 'NOT RUN'}: ${reasons}`);
    return {
      check,
      state: skipped ? 'skipped' : 'failed',
      milliseconds: elapsed(),
      tally: skipped ? ONE_SKIPPED : ONE_FAILED,
    };
  }
  if (process.stdout.isTTY) process.stdout.write(`  … ${check.title}`);
  const outcome = await check.perform(tools);
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  console.log(stepLine(outcome.ok ? '✓' : '✗', check.title, elapsed()));
  if (!outcome.ok) console.log(`\n${tail(outcome.output, FAILURE_LINES)}\n`);
  if (outcome.closing !== '') console.log(outcome.closing.replaceAll(/^\s*/gm, '    '));
  return { check, state: outcome.ok ? 'passed' : 'failed', milliseconds: elapsed(), tally: outcome.tally };
}

/** @param {readonly Result[]} results */
function printTable(results) {
  console.log(
    `\n${'step'.padEnd(12)}${'result'.padEnd(10)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'time'.padStart(10)}`,
  );
  for (const { check, state, milliseconds, tally } of results) {
    const counts = `${String(tally.passed).padStart(8)}${String(tally.failed).padStart(8)}${String(tally.skipped).padStart(9)}`;
    console.log(
      `${check.name.padEnd(12)}${state.padEnd(10)}${counts}${formatDuration(milliseconds).padStart(10)}`,
    );
  }
}

async function main() {
  const names = process.argv.slice(2);
  if (names.includes('--list')) {
    for (const { name, title } of CHECKS) console.log(`${name.padEnd(12)}${title}`);
    return;
  }
  const checks = selectChecks(names);
  const ready = await setUp(checks);
  console.log('checks');
  const results = [];
  // One at a time: some of them measure, and a neighbour would be measured with them.
  for (const check of checks) results.push(await perform(check, ready));
  printTable(results);
  const total = sum(results.map(({ tally }) => tally));
  console.log(`\n${closingLine(total)}`);
  if (total.failed > 0 || results.some(({ state }) => state === 'failed')) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  printFault(error);
  console.log(`\n${closingLine(ONE_FAILED)}`);
  process.exitCode = 1;
}
