/** What doctor's own analysis says. */
import { z } from 'zod';
import type { AnalysisAnswer } from './analysis-answer.js';

/** `performance` where it is slow by doctor's rules, `data` where it is too little to tell, else `none`. */
const issue = z.string();
const found = z.object({
  issueCategory: z.string(),
  issues: z.object({
    delay: issue,
    cpu: issue,
    memory: z.record(z.string(), issue),
    handles: issue.optional(),
    loopUtilization: issue.optional(),
  }),
});

/** Throws where `analysis` is not doctor's. */
export function diagnosisOf(analysis: unknown): AnalysisAnswer {
  const { issueCategory: category, issues } = found.parse(analysis);
  const { delay, cpu, memory, handles, loopUtilization } = issues;
  return {
    findings: {
      type: 'diagnosis',
      category,
      issues: [
        { name: 'event loop delay', found: delay },
        ...(loopUtilization === undefined ? [] : [{ name: 'event loop use', found: loopUtilization }]),
        { name: 'CPU', found: cpu },
        ...Object.entries(memory).map(([name, value]) => ({ name: `memory, ${name}`, found: value })),
        ...(handles === undefined ? [] : [{ name: 'active handles', found: handles }]),
      ],
    },
    stacks: null,
  };
}
