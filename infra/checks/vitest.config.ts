/** Four kinds of tests, told apart by name and place; each runs by itself in the test command. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const exclude = [...configDefaults.exclude, 'dist/**', 'reports/**'];

export default defineConfig({
  test: {
    root,
    projects: [
      {
        test: {
          name: 'unit',
          root,
          include: ['src/**/*.test.ts', 'infra/**/*.test.mjs'],
          exclude: [...exclude, 'src/**/*.browser.test.ts', 'src/acceptance/**', 'infra/test-cluster/**'],
          testTimeout: 30_000,
          globalSetup: ['infra/checks/own-temporary-folder.mjs'],
        },
      },
      {
        test: {
          name: 'acceptance',
          root,
          include: ['src/acceptance/**/*.test.ts'],
          exclude: [...exclude, 'src/acceptance/kubernetes/**'],
          // Its tests measure this machine: one at a time, or they measure one another.
          fileParallelism: false,
          testTimeout: 300_000,
          globalSetup: ['infra/checks/own-temporary-folder.mjs'],
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'cluster',
          root,
          include: ['infra/test-cluster/*.test.mjs', 'src/acceptance/kubernetes/*.test.ts'],
          exclude,
          // There is one cluster on a machine.
          fileParallelism: false,
          testTimeout: 600_000,
          globalSetup: ['infra/checks/own-temporary-folder.mjs'],
          maxConcurrency: 3,
          hookTimeout: 3_600_000,
        },
      },
      {
        test: {
          name: 'browser',
          root,
          include: ['src/**/*.browser.test.ts'],
          exclude,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
