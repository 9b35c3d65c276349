/** The page's script and style, bundled anew for a test: what stands in dist may be of yesterday. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadReportAssets, type ReportAssets } from '../index.js';

const BUILD = fileURLToPath(new URL('../../../infra/setup/build-client.mjs', import.meta.url));

/** Bundles them into a folder that is gone when this returns. */
export async function builtAssets(page: 'client' | 'profile' = 'client'): Promise<ReportAssets> {
  const folder = await mkdtemp(join(tmpdir(), 'meshmark-client-'));
  try {
    await promisify(execFile)(process.execPath, [BUILD, '--out', folder]);
    return await loadReportAssets(page, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
