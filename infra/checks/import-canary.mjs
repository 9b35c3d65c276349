/**
 * Proves that the import check can fail. A checker that cannot read TypeScript finds no modules and reports success,
 * so this one counts what it read of src, and gives it a small tree that breaks every rule once.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const config = join(root, 'infra', 'checks', 'dependency-cruiser.cjs');

/** Far below what src holds, far above what a checker that is blind would find. */
const FEWEST_MODULES = 20;

/**
 * Files that together break each rule, and import nothing else that is forbidden.
 *
 * @type {Readonly<Record<string, string>>}
 */
const OFFENDING_TREE = {
  'package.json': '{"name": "canary", "type": "module", "devDependencies": {"tool": "1.0.0"}}',
  'node_modules/tool/package.json': '{"name": "tool", "version": "1.0.0", "main": "index.js"}',
  'node_modules/tool/index.js': 'module.exports = {};',
  'src/runner/index.ts': "export const runner = 1;\nexport { hidden } from './hidden.js';",
  'src/runner/hidden.ts': 'export const hidden = 1;',
  'src/stats/index.ts':
    "import type { runner } from '../runner/index.js';\nexport type Reached = typeof runner;",
  'src/stats/testing/builder.ts': 'export const built = 1;',
  'src/gate/reads.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;",
  'src/gate/builds.ts': "import { built } from '../stats/testing/builder.js';\nexport const copy = built;",
  'src/load/starts.ts': "import { spawn } from 'node:child_process';\nexport const start = spawn;",
  'src/load/missing.ts': "import { gone } from './gone.js';\nexport const missing = gone;",
  'src/load/develops.ts': "import tool from 'tool';\nexport const used = tool;",
  'src/cli/main.ts': "import { hidden } from '../runner/hidden.js';\nexport const main = hidden;",
  'src/host/wires.ts': "import { main } from '../cli/main.js';\nexport const wired = main;",
  'src/import/judges.ts': "import type { Reached } from '../stats/index.js';\nexport type Judged = Reached;",
  'src/plan/one.ts': "import { two } from './two.js';\nexport const one = () => two;",
  'src/plan/two.ts': "import { one } from './one.js';\nexport const two = () => one;",
  'src/probes/alone.ts': 'export const alone = 1;',
  'src/attic/index.ts': "import { trunk } from './trunk.js';\nexport const attic = trunk;",
  'src/attic/trunk.ts': 'export const trunk = 1;',
};

const EXPECTED_RULES = [
  'room-stats',
  'room-host',
  'room-import',
  'unknown-room',
  'nobody-imports-the-wiring',
  'through-the-front-door',
  'testing-is-for-tests',
  'pure-rooms-touch-nothing',
  'processes-start-in-one-place',
  'no-cycles',
  'no-orphans',
  'resolvable',
  'declared-dependencies',
];

/**
 * @param {string} folder
 * @returns {{modules: {source: string}[], summary: {violations: {rule: {name: string}, from: string}[]}}}
 */
function cruise(folder) {
  const cli = join(root, 'node_modules', '.bin', 'depcruise');
  // Its exit code is the number of violations, which here is not a failure.
  const argv = ['--config', config, '--output-type', 'json', 'src'];
  const text = execFileSync(cli, argv, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return JSON.parse(text);
}

function offendingTree() {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-canary-'));
  for (const [name, content] of Object.entries(OFFENDING_TREE)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `${content}\n`);
  }
  return folder;
}

const faults = [];
const modules = cruise(root).modules.filter(({ source }) => source.startsWith('src/')).length;
if (modules < FEWEST_MODULES) {
  faults.push(`the import check read only ${modules} modules of src: it cannot read this TypeScript`);
}
const folder = offendingTree();
try {
  const reported = new Set(cruise(folder).summary.violations.map(({ rule }) => rule.name));
  for (const rule of EXPECTED_RULES) {
    if (!reported.has(rule)) faults.push(`a forbidden import was not reported: ${rule}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`${modules} modules read; ${EXPECTED_RULES.length} broken rules reported`);
