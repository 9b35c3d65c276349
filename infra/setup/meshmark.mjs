#!/usr/bin/env node
/**
 * What `npx meshmark` starts. It is there before anything is built, since npx looks for a command's file once and
 * remembers when there was none.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const main = join(root, 'dist', 'cli', 'main.js');

if (existsSync(main)) {
  await import(pathToFileURL(main).href);
} else {
  console.error('meshmark is not built yet: "npm run quickstart" builds it and makes a first run');
  process.exitCode = 4;
}
