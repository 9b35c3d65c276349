/**
 * Bundles what a report, and what a profile, carries for the reader's browser: a script and a style sheet each in dist/report.
 * They are put into every page, so that a page needs nothing but itself.
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
  entryPoints: { client: join(source, 'main.ts'), profile: join(source, 'profile/main.ts') },
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
  entryPoints: { client: join(source, 'style.css'), profile: join(source, 'profile/style.css') },
  outdir: values.out,
  bundle: true,
  minify: true,
  legalComments: 'inline',
  logLevel: 'warning',
});
