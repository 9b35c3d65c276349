/** What a line of `slices.jsonl` can be. */
import { z } from 'zod';
import { clinicRecord } from './clinic.js';
import { controlRecord } from './control.js';
import { profileRecord } from './profiles.js';
import { sliceRecord, windowRecord } from './slices.js';
import { stacksRecord } from './stacks.js';
import { stepRecord } from './steps.js';

export const recordLine = z.discriminatedUnion('type', [
  sliceRecord,
  windowRecord,
  profileRecord,
  controlRecord,
  stepRecord,
  stacksRecord,
  clinicRecord,
]);
export type RecordLine = z.infer<typeof recordLine>;
