/**
 * `npm run quickstart`: from a fresh clone to a first report. Sets up what is missing, then runs
 * scenarios/quickstart.yaml; what follows `--` goes to `meshmark run`. Exits with its code, or 4 when the set-up failed.
 */
import { join } from 'node:path';
import { buildDataplane, buildHarness } from './build.mjs';
import { checkNode, ensureDependencies } from './dependencies.mjs';
import { ensureGo } from './go.mjs';
import { printFault, repositoryRoot, run, setupStep } from './steps.mjs';

async function setUp() {
  console.log('set-up');
  await setupStep('Node', checkNode);
  await setupStep('packages', ensureDependencies);
  const go = await setupStep('Go', ensureGo);
  await setupStep('harness', buildHarness);
  await setupStep('data plane', () => buildDataplane(go));
  console.log('');
}

async function quickstart() {
  const main = join(repositoryRoot, 'dist', 'cli', 'main.js');
  const scenario = join('scenarios', 'quickstart.yaml');
  return run([process.execPath, main, 'run', scenario, ...process.argv.slice(2)], { inherit: true });
}

try {
  await setUp();
  process.exitCode = (await quickstart()).code;
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
