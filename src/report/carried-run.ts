/** Reading back what a report carries: whoever was sent the page alone can compare it with another. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { parseRunText, RecordError, type RunRecord } from '../record/index.js';
import { RAW_DATA_SCHEMA } from './raw-data.js';

/** More than a report of 20 variants and an hour carries; a page that unpacks to more is no report of ours. */
const MOST_BYTES = 512 * 1024 * 1024;

const carrier = z.object({ sha256: z.string(), gzipBase64: z.base64() });
const carried = z.object({ schema: z.literal(RAW_DATA_SCHEMA), run: z.unknown() });

/**
 * The run that a report's HTML carries, its analysis included. `path` is only for messages. Throws RecordError:
 * RECORD_NOT_A_RUN for a page that carries none, RECORD_MALFORMED when it is damaged or is not what its digest says.
 */
export function readCarriedRun(path: string, page: string): RunRecord {
  const script = /<script type="application\/json" id="raw-data">([^<]*)<\/script>/.exec(page)?.[1];
  if (script === undefined) {
    throw new RecordError(
      'RECORD_NOT_A_RUN',
      `${path} carries no run: give a report.html that meshmark run or report wrote, or the run’s folder.`,
    );
  }
  const json = unpacked(path, script);
  const data = carried.safeParse(parsed(path, json.toString('utf8')));
  if (!data.success) throw damaged(path, 'its data is not a run’s');
  return parseRunText(path, JSON.stringify(data.data.run));
}

function unpacked(path: string, script: string): Buffer {
  const packed = carrier.safeParse(parsed(path, script));
  if (!packed.success) throw damaged(path, 'its data is not packed as a report packs it');
  let json: Buffer;
  try {
    json = gunzipSync(Buffer.from(packed.data.gzipBase64, 'base64'), { maxOutputLength: MOST_BYTES });
  } catch (cause) {
    throw damaged(path, 'its data cannot be unpacked', cause);
  }
  if (createHash('sha256').update(json).digest('hex') !== packed.data.sha256) {
    throw damaged(path, 'its data is not what its digest says: somebody changed it, or it was cut');
  }
  return json;
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(path, 'its data is not JSON', cause);
  }
}

function damaged(path: string, what: string, cause?: unknown): RecordError {
  return new RecordError(
    'RECORD_MALFORMED',
    `${path} is damaged: ${what}. Use another copy, or the run’s folder.`,
    {
      cause,
    },
  );
}
