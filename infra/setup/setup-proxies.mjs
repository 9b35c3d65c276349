/**
 * `npm run setup:proxies`: brings Envoy, HAProxy and nginx where it may, so that their rows can be measured. Exits 4 when one
 * of them could not be had; the others are there all the same.
 */
import { ensureEnvoy } from './envoy.mjs';
import { ensureHaproxy, ensureNginx } from './programs.mjs';
import { printFault, setupStep } from './steps.mjs';

for (const [title, ensure] of /** @type {const} */ ([
  ['Envoy', ensureEnvoy],
  ['HAProxy', ensureHaproxy],
  ['nginx', ensureNginx],
])) {
  try {
    await setupStep(title, ensure);
  } catch (error) {
    printFault(error);
    process.exitCode = 4;
  }
}
