/** `npm run setup:clinic`: brings clinic, so that Node variants can be profiled. Exits 4 when it could not be had. */
import { ensureClinic } from './clinic.mjs';
import { printFault, setupStep } from './steps.mjs';

try {
  await setupStep('clinic', ensureClinic);
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
