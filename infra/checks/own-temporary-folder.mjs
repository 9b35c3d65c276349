/** What tests leave in the temporary folder goes with them: it is one of their own. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before the first test; returns what is done after the last. @param {{ config: { name?: string } }} project */
export default function setup({ config }) {
  const own = mkdtempSync(join(tmpdir(), 'meshmark-tests-'));
  // Tests that run as a user without rights have theirs in it.
  chmodSync(own, 0o755);
  // Tests from the outside leave the programs' own temporary files where users have them.
  if (config.name === 'unit') process.env.TMPDIR = own;
  process.env.MESHMARK_TEST_FOLDER = own;
  return () => rmSync(own, { recursive: true, force: true, maxRetries: 5 });
}
