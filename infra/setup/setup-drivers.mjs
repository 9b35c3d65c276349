/** `npm run setup:drivers`: brings k6, so that scenarios with `driver: k6` can run. Exits 4 when it could not be had. */
import { ensureK6 } from './k6.mjs';
import { printFault, setupStep } from './steps.mjs';

try {
  await setupStep('k6', ensureK6);
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
