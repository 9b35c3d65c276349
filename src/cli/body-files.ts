/** The bodies of requests that a scenario names by file. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type BodyReader, MOST_BODY_BYTES, MOST_BODY_WORDS, noBodies } from '../scenario/index.js';

/** Reads bodies from where the scenario file is. */
export function bodiesBeside(scenarioFile: string): BodyReader {
  return (name) => {
    try {
      const path = resolve(dirname(scenarioFile), name);
      const found = statSync(path);
      if (!found.isFile()) return { ok: false, problem: 'is no file; name one that holds the body' };
      if (found.size > MOST_BODY_BYTES) {
        return { ok: false, problem: `is larger than ${MOST_BODY_WORDS}; use a smaller body` };
      }
      return { ok: true, content: readFileSync(path) };
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'for a reason unknown';
      return code === 'ENOENT'
        ? noBodies(name)
        : { ok: false, problem: `cannot be read (${code}); make it readable, or use \`bodyBytes: 4KiB\`` };
    }
  };
}
