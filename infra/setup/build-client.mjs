/**
 * Bundles what a report carries for the reader's browser: one script and one style sheet in dist/report.
 * They are put into every report, so that a report needs nothing but itself.
 *
 * Usage: node infra/setup/build-client.mjs [--out DIR]
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist/report') } } });
const source = join(root, 'src/report/client');

await mkdir(values.out, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: { client: join(source, 'main.ts') },
  outdir: values.out,
  bundle: true,
  format: 'iife',
  target: 'es2022',
  minify: true,
  // Inline scripts are hashed for the page's security policy; ASCII keeps the hash free of encoding questions.
  charset: 'ascii',
  legalComments: 'inline',
  logLevel: 'warning',
  tsconfig: join(source, 'tsconfig.json'),
});
await build({
  absWorkingDir: root,
  entryPoints: { client: join(source, 'style.css') },
  outdir: values.out,
  bundle: true,
  minify: true,
  legalComments: 'inline',
  logLevel: 'warning',
});
