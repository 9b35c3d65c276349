/**
 * `npm run build:go`: ensures Go and builds dist/bin/dataplane; with `--unoptimised`, the one that the self-test measures, and
 * with `--images`, those that container images hold. `--module FOLDER --out FILE` builds another version of it to another file.
 */
import { parseArgs } from 'node:util';
import { buildDataplane, buildModule } from './build.mjs';
import { ensureGo } from './go.mjs';
import { printFault, setupStep } from './steps.mjs';

try {
  const go = await setupStep('Go', ensureGo);
  const { values } = parseArgs({
    options: {
      unoptimised: { type: 'boolean', default: false },
      images: { type: 'boolean', default: false },
      module: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const { unoptimised, images, module, out } = values;
  if (module !== undefined && out !== undefined) {
    await setupStep('data plane', () => buildModule(go, module, out));
  } else if (images) {
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
