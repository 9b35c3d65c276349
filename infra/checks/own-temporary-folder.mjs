/** What unit tests leave in the temporary folder goes with them: it is one of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before the first test; returns what is done after the last. */
export default function setup() {
  const own = mkdtempSync(join(tmpdir(), 'meshmark-unit-'));
  process.env.TMPDIR = own;
  return () => rmSync(own, { recursive: true, force: true, maxRetries: 5 });
}
