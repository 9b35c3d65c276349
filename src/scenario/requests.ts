/** A mix of requests with its bodies: what is wrong with the one that was written, and the one that will be sent. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { PathStep } from './document.js';
import { isRecord } from './draft.js';
import { quote } from './fault.js';
import { MOST_BODY_BYTES, MOST_BODY_WORDS, type requestsSchema } from './requests-schema.js';
import type { ScenarioRequest } from './scenario.js';

/** A body's content, or a problem that completes "`workload.requests[0].bodyFile`: `order.json` …". */
export type ReadBody =
  | { readonly ok: true; readonly content: Buffer }
  | { readonly ok: false; readonly problem: string };
/** Reads the body that a scenario names. Never throws. */
export type BodyReader = (name: string) => ReadBody;

/** For text that comes from no file. */
export const noBodies: BodyReader = () => ({
  ok: false,
  problem: 'is not there; name a file from where the scenario is, or use `bodyBytes: 4KiB`',
});

interface Problem {
  readonly path: readonly PathStep[];
  readonly message: string;
}

/** What is wrong with the bodies of requests, right or not in their other fields. */
export function bodyProblems(requests: unknown, readBody: BodyReader): readonly Problem[] {
  if (!Array.isArray(requests)) return [];
  const found: Problem[] = [];
  let totalBytes = 0;
  for (const [index, request] of requests.entries()) {
    if (!isRecord(request) || typeof request.bodyFile !== 'string') continue;
    const path = ['workload', 'requests', index, 'bodyFile'];
    const read = readBody(request.bodyFile);
    if (!read.ok) {
      const name = `\`workload.requests[${index}].bodyFile\``;
      found.push({ path, message: `${name}: ${quote(request.bodyFile)} ${read.problem}` });
      continue;
    }
    totalBytes += read.content.length;
    if (totalBytes > MOST_BODY_BYTES) {
      found.push({
        path,
        message: `with this one, the bodies of \`workload.requests\` exceed ${MOST_BODY_WORDS}; use smaller or fewer bodies`,
      });
      break;
    }
  }
  return found;
}

/** The requests with their bodies; null where none were written. Bodies that cannot be read have been refused before. */
export function requestsOf(
  written: z.output<typeof requestsSchema>,
  readBody: BodyReader,
): readonly ScenarioRequest[] | null {
  if (written === undefined) return null;
  return written.map(({ weight, method, path, headers, bodyFile, bodyBytes }) => {
    const content = bodyFile === undefined ? letters(bodyBytes ?? 0) : contentOf(readBody(bodyFile));
    const has = bodyFile !== undefined || bodyBytes !== undefined;
    return {
      weight,
      method: method ?? (has ? 'POST' : 'GET'),
      path,
      headers,
      body: has
        ? { file: bodyFile ?? null, sha256: createHash('sha256').update(content).digest('hex'), content }
        : null,
    };
  });
}

function contentOf(read: ReturnType<BodyReader>): Buffer {
  return read.ok ? read.content : Buffer.alloc(0);
}

/** The alphabet over and over. */
function letters(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'abcdefghijklmnopqrstuvwxyz');
}
