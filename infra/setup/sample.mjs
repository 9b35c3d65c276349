/**
 * `npm run sample`: runs scenarios/quickstart.yaml and puts its record, reports and a picture of the first screen in place of
 * reports/sample, which the README shows. Nothing is replaced unless the run was valid and its gate passed. Wants a machine on
 * which nothing else works; takes two minutes.
 *
 * Usage: node infra/setup/sample.mjs [RUN-FOLDER]: an existing run's folder, instead of a new run
 */
import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { ensureChromium } from './programs.mjs';
import { printFault, repositoryRoot, run, SetupFault } from './steps.mjs';

/** What is committed of a run: its slices are in the report, by their figures. */
const KEPT = ['run.json', 'report.html', 'report.md'];
const SCREEN = { width: 1280, height: 880 };
const target = join(repositoryRoot, 'reports', 'sample');

/** Measures, and returns the run's folder. */
async function newRun() {
  const main = join(repositoryRoot, 'dist', 'cli', 'main.js');
  const { code, output } = await run([
    process.execPath,
    main,
    'run',
    'scenarios/quickstart.yaml',
    '--seed',
    '7',
  ]);
  const report = /^Report: (.*)$/m.exec(output)?.[1];
  if (code !== 0 || report === undefined) {
    throw new SetupFault(`the run ended with ${code}`, { mend: 'run it again on a quieter machine', output });
  }
  return join(resolve(repositoryRoot, report), '..');
}

/** @param {string} folder */
async function expectValid(folder) {
  const record = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'));
  const { validity, gate } = record.analysis;
  /** @type {string[]} */
  const doubts = [
    ...validity.reasons,
    ...gate.flatMap((/** @type {{outcome: string, explanation: string}} */ result) =>
      result.outcome === 'pass' ? [] : [result.explanation],
    ),
  ];
  if (validity.status !== 'valid' || doubts.length > 0) {
    throw new SetupFault(`the run is no sample: ${validity.status}`, {
      mend: 'run it again on a quieter machine; nothing was replaced',
      output: doubts.join('\n'),
    });
  }
}

/** @param {string} page @param {string} picture */
async function photograph(page, picture) {
  const browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const opened = await browser.newPage({ viewport: SCREEN, colorScheme: 'light' });
    await opened.goto(pathToFileURL(page).href);
    await opened.screenshot({ path: picture });
  } finally {
    await browser.close();
  }
}

try {
  const folder = process.argv[2] === undefined ? await newRun() : resolve(process.argv[2]);
  await expectValid(folder);
  for (const file of KEPT) await copyFile(join(folder, file), join(target, file));
  await photograph(join(target, 'report.html'), join(target, 'report.png'));
  console.log(`${target} is ${folder} now: look at report.png before you commit it`);
} catch (error) {
  printFault(error);
  process.exitCode = 4;
}
