/**
 * `npm run bench:usual-way`: brings the programs that the usual way of comparing takes (fortio, k6 and benchstat), and hands on to
 * src/acceptance/proofs/power/usual-way.ts, which says what its options are. Exits 4 when one of them could not be had.
 */
import { join } from 'node:path';
import { ensureGoProgram } from './go-programs.mjs';
import { ensureK6 } from './k6.mjs';
import { printFault, repositoryRoot, run, setupStep } from './steps.mjs';

const FORTIO = { name: 'fortio', package: 'fortio.org/fortio', version: '1.65.0', anyOnPath: true };
/** Tells no version, and the ones before 2023 write another format: whatever is on PATH will not do. */
const BENCHSTAT = {
  name: 'benchstat',
  package: 'golang.org/x/perf/cmd/benchstat',
  version: '0.0.0-20260908200009-22c9c6c9d4da',
  anyOnPath: false,
};

const options = process.argv.slice(2);
const at = options.indexOf('--generator');
/** Whether runs with this generator were asked for; both are where none is named. @param {string} name */
const asked = (name) => at < 0 || (options[at + 1] ?? '').split(',').includes(name);

try {
  const programs = {
    MESHMARK_BENCHSTAT: await setupStep('benchstat', () => ensureGoProgram(BENCHSTAT)),
    ...(asked('fortio') ? { MESHMARK_FORTIO: await setupStep('fortio', () => ensureGoProgram(FORTIO)) } : {}),
    ...(asked('k6') ? { MESHMARK_K6: await setupStep('k6', ensureK6) } : {}),
  };
  const bench = join(repositoryRoot, 'dist', 'acceptance', 'proofs', 'power', 'usual-way.js');
  const { code } = await run([process.execPath, bench, ...options], {
    env: { ...process.env, ...programs },
    inherit: true,
  });
  process.exitCode = code;
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
