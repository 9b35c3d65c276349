/** Counts of tests, read from what the runners report to machines. */

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/** @type {Readonly<Tally>} */
export const NOTHING = { passed: 0, failed: 0, skipped: 0 };

/** A step that is no test run counts only when it fails. @type {Readonly<Tally>} */
export const ONE_FAILED = { passed: 0, failed: 1, skipped: 0 };

/** @type {Readonly<Tally>} */
export const ONE_SKIPPED = { passed: 0, failed: 0, skipped: 1 };

/** @param {readonly Readonly<Tally>[]} tallies @returns {Tally} */
export function sum(tallies) {
  return tallies.reduce(
    (total, tally) => ({
      passed: total.passed + tally.passed,
      failed: total.failed + tally.failed,
      skipped: total.skipped + tally.skipped,
    }),
    { ...NOTHING },
  );
}

/** The line that ends the test command. @param {Readonly<Tally>} tally */
export function closingLine(tally) {
  return `Tests: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

/**
 * A run that ended badly is never all passed: where no single test was blamed, the run itself is the failure.
 *
 * @param {Readonly<Tally>} tally
 * @param {number} exitCode
 * @returns {Readonly<Tally>}
 */
export function withExitCode(tally, exitCode) {
  return exitCode !== 0 && tally.failed === 0 ? sum([tally, ONE_FAILED]) : tally;
}

/**
 * Reads the report of vitest's JSON reporter. A file that failed before its first test counts as one failed.
 *
 * @param {string} json
 * @returns {Tally}
 * @throws {SyntaxError} when it is not JSON
 */
export function tallyVitest(json) {
  /** @type {{testResults: {status: string, assertionResults: {status: string}[]}[]}} */
  const report = JSON.parse(json);
  return sum(
    report.testResults.map((file) => {
      const count = (/** @type {readonly string[]} */ statuses) =>
        file.assertionResults.filter(({ status }) => statuses.includes(status)).length;
      const failed = count(['failed']);
      return {
        passed: count(['passed']),
        failed: file.status === 'failed' ? Math.max(1, failed) : failed,
        skipped: count(['pending', 'skipped', 'todo', 'disabled']),
      };
    }),
  );
}

/**
 * @typedef {object} GoRun
 * @property {Tally} tally
 * @property {string} output what was printed by and about the tests and packages that failed
 * @property {string} summary how many packages were run, and how many failed
 */

/** @typedef {'running' | 'pass' | 'fail' | 'skip'} GoState */

/** Between a package's path and its test's name in a key; it occurs in neither. */
const SEPARATOR = ' ';

/**
 * Reads the events of `go test -json` (https://pkg.go.dev/cmd/test2json), one a line; other lines, such as a message
 * of the go command itself, are kept as output. A test with subtests is not counted beside them, unless it failed by
 * itself; a package that failed without a failed test, because it did not compile or crashed, counts as one failed.
 *
 * @param {string} lines
 * @returns {GoRun}
 */
export function tallyGo(lines) {
  const { packages, tests, outputs, stray } = readEvents(lines);
  const parents = new Set([...tests.keys()].flatMap(ancestors));
  const failedTests = keysIn(tests, 'fail');
  const failedPackages = keysIn(packages, 'fail');
  const failedBelow = (/** @type {string} */ start) => failedTests.some((key) => key.startsWith(start));

  const leaves = (/** @type {GoState} */ state) =>
    keysIn(tests, state).filter((key) => !parents.has(key)).length;
  const tally = {
    passed: leaves('pass'),
    skipped: leaves('skip'),
    failed:
      failedTests.filter((key) => !failedBelow(`${key}/`)).length +
      failedPackages.filter((key) => !failedBelow(`${key}${SEPARATOR}`)).length,
  };
  // A test that was running when its package died has no end, but its output may be the only trace.
  const blamed = new Set([
    ...failedTests,
    ...keysIn(tests, 'running'),
    ...failedPackages,
    ...keysIn(packages, 'running'),
  ]);
  const output = [...stray, ...[...blamed].map((key) => outputs.get(key) ?? '')].join('\n');
  return { tally, output, summary: `${packages.size} packages, ${failedPackages.length} failed` };
}

/** @param {string} lines */
function readEvents(lines) {
  /** @type {Map<string, GoState>} */
  const packages = new Map();
  /** @type {Map<string, GoState>} */
  const tests = new Map();
  /** @type {Map<string, string>} */
  const outputs = new Map();
  /** @type {string[]} */
  const stray = [];
  for (const line of lines.split('\n')) {
    const event = asEvent(line);
    if (event === null) {
      if (line.trim() !== '') stray.push(line);
    } else if (event.Action === 'build-output') {
      // Compiler messages belong to a build, which has no result of its own beside the package's.
      stray.push((event.Output ?? '').trimEnd());
    } else if (event.Package !== undefined) {
      const key = event.Test === undefined ? event.Package : `${event.Package}${SEPARATOR}${event.Test}`;
      const states = event.Test === undefined ? packages : tests;
      if (event.Action === 'output') outputs.set(key, (outputs.get(key) ?? '') + (event.Output ?? ''));
      else if (event.Action === 'start' || event.Action === 'run') states.set(key, 'running');
      else if (event.Action === 'pass' || event.Action === 'fail' || event.Action === 'skip') {
        states.set(key, event.Action);
      }
    }
  }
  return { packages, tests, outputs, stray };
}

/** @param {ReadonlyMap<string, GoState>} states @param {GoState} wanted */
function keysIn(states, wanted) {
  return [...states].filter(([, state]) => state === wanted).map(([key]) => key);
}

/**
 * @param {string} line
 * @returns {{Action: string, Package?: string, Test?: string, Output?: string} | null}
 */
function asEvent(line) {
  if (!line.startsWith('{')) return null;
  try {
    const value = JSON.parse(line);
    return typeof value.Action === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** "p TestA/b/c" lies in "p TestA" and "p TestA/b". @param {string} key */
function ancestors(key) {
  const found = [];
  const name = key.indexOf(SEPARATOR);
  for (let slash = key.indexOf('/', name); slash !== -1; slash = key.indexOf('/', slash + 1)) {
    found.push(key.slice(0, slash));
  }
  return found;
}
