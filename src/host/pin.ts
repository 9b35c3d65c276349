/** Keeping the harness itself away from the data plane's cores. */
import { execFileSync } from 'node:child_process';
import { dataplaneBinary } from './install.js';

/**
 * Pins every thread of this process to `cores`, so that its own work (parsing, garbage collection) never runs where
 * a data plane is measured. Does nothing where the platform cannot, which the isolation record says already.
 */
export function pinHarness(cores: readonly number[]): void {
  if (process.platform !== 'linux') return;
  execFileSync(dataplaneBinary(), ['pin', '--pid', String(process.pid), '--cpus', cores.join(',')], {
    stdio: 'ignore',
  });
}
