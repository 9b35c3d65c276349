/** Running what failed a gate, or may, again, on fresh processes and with another seed, before the gate is believed. */
import { join } from 'node:path';
import { confirmationOf } from '../plan/index.js';
import { CONFIRMATION_FOLDER } from '../record/index.js';
import { confirmationIn, type JudgedRun, judge } from './judge.js';
import { performRun, type RunRequest } from './perform-run.js';
import { watching } from './progress.js';
import { writeReports } from './reports.js';
import type { Terminal } from './terminal.js';

/**
 * The run as it is to be believed: one whose gate failed, or may have to, is run again, in a folder within its own, and judged
 * by both. Any other, and one that is not to be confirmed, is returned as it is. Throws as `performRun` does.
 */
export async function confirmed(
  terminal: Terminal,
  asked: Pick<RunRequest, 'plan' | 'directory' | 'command' | 'floor' | 'signal'>,
  judged: JudgedRun,
): Promise<JudgedRun> {
  const failed = judged.analysis.gate.filter(({ outcome }) => outcome === 'fail');
  const doubted = judged.analysis.gate.filter(({ outcome, suspected }) => outcome === 'fail' || suspected);
  const plan = asked.signal.aborted ? null : confirmationOf(asked.plan, doubted);
  if (plan === null) return judged;
  const { rounds, seed } = plan.schedule;
  terminal.note(
    `the gate ${failed.length > 0 ? 'would' : 'may have to'} fail: running ${doubted.length === 1 ? 'that comparison' : 'those comparisons'} again on fresh processes, at most ${rounds} rounds, about ${plan.estimatedSeconds.toFixed(0)} s, seed ${seed}`,
  );
  const directory = join(asked.directory, CONFIRMATION_FOLDER);
  // Kept on disk first: whatever becomes of the second run, the first is whole.
  await writeReports(asked.directory, judged);
  const again = judge(
    await performRun({
      ...asked,
      plan,
      directory,
      runId: `${judged.run.runId}-${CONFIRMATION_FOLDER}`,
      ...watching(terminal, plan),
    }),
  );
  await writeReports(directory, again);
  return judge({ ...judged, run: { ...judged.run, confirmation: confirmationIn(again) } });
}
