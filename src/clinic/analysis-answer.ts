/** What the process that reads a tool's data says. */
import { z } from 'zod';
import { clinicFindings, processStacks } from '../record/index.js';

export const analysisAnswer = z.object({
  findings: clinicFindings,
  /** Of flame and of the heap profiler. */
  stacks: processStacks.nullable(),
});
export type AnalysisAnswer = z.infer<typeof analysisAnswer>;
