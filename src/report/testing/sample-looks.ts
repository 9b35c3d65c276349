/** A run of the report's own tests that ended early: three looks at one question, the first too early to tell anything. */
import type { Look, RunRecord } from '../../record/index.js';
import { sampleRun } from './sample-run.js';

function look(
  replicas: number,
  low: number | null,
  high: number | null,
  decision: 'worse' | 'undecided',
): Look {
  return {
    replicas,
    findings: [
      {
        rule: 0,
        metric: 'cpu.per_request',
        candidate: 'pooled-<b>buffer',
        baseline: 'plain',
        scale: 'ratio',
        value: 1.1,
        low,
        high,
        decision,
        equivalent: false,
      },
    ],
  };
}

/** The sample run with its looks, and whatever is changed of it. */
export function withLooks(change: Partial<RunRecord> = {}): RunRecord {
  const { run } = sampleRun({ rounds: 4 });
  const { analysis, planned } = run;
  if (analysis === null) throw new Error('the sample has an analysis');
  const gate = [{ metric: 'cpu.per_request' as const, maxIncrease: 0.05, maxDecrease: null, variants: null }];
  return {
    ...run,
    planned: { ...planned, rounds: 10, gate, looks: [4, 5, 6] },
    ending: { rounds: 6, replicas: 6, why: 'decided' },
    analysis: {
      ...analysis,
      looks: [
        look(4, null, null, 'undecided'),
        look(5, 1.01, 1.2, 'undecided'),
        look(6, 1.06, 1.14, 'worse'),
      ],
    },
    ...change,
  };
}
