/** The published JSON Schemas of a run folder, made from the types that read it. */
import { z } from 'zod';
import { recordLine } from './line.js';
import { runRecord } from './run.js';

export interface RunSchemas {
  /** Of run.json. */
  readonly run: unknown;
  /** Of each line of slices.jsonl. */
  readonly slices: unknown;
}

/** JSON Schemas (draft 2020-12); the copies in schema/ are written by `npm run schemas` and kept fresh by a test. */
export function generateRunSchemas(): RunSchemas {
  // As input schemas, because readers must tolerate fields that a later version adds.
  const describe = (schema: z.ZodType, title: string) => ({
    ...z.toJSONSchema(schema, { io: 'input' }),
    title,
  });
  return {
    run: describe(runRecord, 'meshmark run.json'),
    slices: describe(recordLine, 'a line of meshmark slices.jsonl'),
  };
}
