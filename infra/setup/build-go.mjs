/** `npm run build:go`: ensures Go and builds dist/bin/dataplane. */
import { buildDataplane } from './build.mjs';
import { ensureGo } from './go.mjs';
import { printFault, setupStep } from './steps.mjs';

try {
  const go = await setupStep('Go', ensureGo);
  await setupStep('data plane', () => buildDataplane(go));
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
