/** A real browser for the tests of the page: fresh profile, no network of its own, every message kept. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** The browser to use, or null when there is none. */
export function chromiumPath(): string | null {
  const path = process.env.MESHMARK_CHROMIUM ?? '/usr/bin/chromium';
  return existsSync(path) ? path : null;
}

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly javaScript?: boolean;
}

export interface OpenedPage {
  readonly page: Page;
  /** Addresses of everything the page asked for, itself included. */
  readonly requests: readonly string[];
  /** Errors, warnings, uncaught exceptions and dialogs. */
  readonly complaints: readonly string[];
  /** The page's own address. */
  readonly address: string;
}

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Opens `markup` from a file in a fresh browser, runs `use`, and removes every trace. */
export async function withPage(
  markup: string,
  options: OpenOptions,
  use: (opened: OpenedPage) => Promise<void>,
): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error('no Chromium; set MESHMARK_CHROMIUM');
  const folder = await mkdtemp(join(tmpdir(), 'meshmark-report-'));
  const file = join(folder, 'report.html');
  let context: BrowserContext | undefined;
  try {
    await writeFile(file, markup);
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath,
      headless: true,
      args: ARGUMENTS,
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      colorScheme: options.dark === true ? 'dark' : 'light',
      javaScriptEnabled: options.javaScript ?? true,
      acceptDownloads: true,
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const requests: string[] = [];
    const complaints: string[] = [];
    context.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    const address = pathToFileURL(file).href;
    await page.goto(address, { waitUntil: 'load' });
    await use({ page, requests, complaints, address });
  } finally {
    await context?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Time from opening the page to its first paint with content, in ms, by the browser's own performance entry. */
export async function firstPaintMillis(page: Page): Promise<number> {
  const millis = await page.evaluate(`new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const [paint] = list.getEntriesByName('first-contentful-paint');
      if (paint !== undefined) resolve(paint.startTime);
    }).observe({ type: 'paint', buffered: true });
  })`);
  return Number(millis);
}
