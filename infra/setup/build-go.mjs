/**
 * `npm run build:go`: ensures Go and builds dist/bin/dataplane; with `--unoptimised`, the one that the self-test measures, and
 * with `--images`, those that container images hold.
 */
import { buildDataplane } from './build.mjs';
import { ensureGo } from './go.mjs';
import { printFault, setupStep } from './steps.mjs';

try {
  const go = await setupStep('Go', ensureGo);
  const unoptimised = process.argv.includes('--unoptimised');
  if (process.argv.includes('--images')) {
    for (const linux of /** @type {const} */ (['amd64', 'arm64'])) {
      await setupStep(`data plane for ${linux}`, () => buildDataplane(go, { linux }));
    }
  } else {
    await setupStep('data plane', () => buildDataplane(go, { unoptimised }));
  }
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
