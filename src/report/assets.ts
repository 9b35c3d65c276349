/** Where the page's script and style come from. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ReportAssets } from './page.js';

/**
 * Reads the bundled script and style of a report, or of a profile, that the build put beside this module. `directory` is
 * for a caller that runs from sources. Throws with the command that builds them when they are not there.
 */
export async function loadReportAssets(
  page: 'client' | 'profile' = 'client',
  directory = fileURLToPath(new URL('.', import.meta.url)),
): Promise<ReportAssets> {
  try {
    const [script, style] = await Promise.all([
      readFile(`${directory}/${page}.js`, 'utf8'),
      readFile(`${directory}/${page}.css`, 'utf8'),
    ]);
    return { script, style };
  } catch (cause) {
    throw new Error(`REPORT_ASSETS_MISSING in ${directory}: run \`npm run build\``, { cause });
  }
}
