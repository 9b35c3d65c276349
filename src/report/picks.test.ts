import { describe, expect, test } from 'vitest';
import type { Effect, RunRecord } from '../record/index.js';
import { noPickSentence, pickLimits, picks } from './picks.js';
import { sampleRun } from './testing/sample-run.js';

const { run } = sampleRun({ rounds: 2 });

/** The sample's run with these effects changed. */
function changed(change: (effect: Effect) => Partial<Effect>): RunRecord {
  const { analysis } = run;
  if (analysis === null) throw new RangeError('the sample run has an analysis');
  const effects = analysis.effects.map((effect) => ({ ...effect, ...change(effect) }));
  return { ...run, analysis: { ...analysis, effects } };
}

function pickOf(of: RunRecord, metric: string) {
  const pick = picks(of).find((one) => one.metric === metric);
  if (pick === undefined) throw new RangeError(`no pick for ${metric}`);
  return pick;
}

describe('which variant to switch on', () => {
  test('is the best of those that were decided as better', () => {
    expect(pickOf(run, 'cpu.per_request').best?.candidate).toBe('pooled-buffer');
  });

  test('is nobody where the interval holds no difference, however good the estimate', () => {
    const pick = pickOf(run, 'latency.p99');
    expect(pick.best).toBeNull();
    expect(noPickSentence(pick, run).replaceAll('\u00a0', ' ')).toBe(
      'Cannot tell: pooled-buffer, the closest of 2, is not shown to be better than plain (−3 %, 99 % interval −14 % to +11 %)',
    );
  });

  test('is the baseline where everything else is worse', () => {
    const worse = changed(({ metric }) =>
      metric === 'cpu.per_request' ? { ratio: 1.2, low: 1.1, high: 1.3, verdict: 'worse' } : {},
    );
    expect(noPickSentence(pickOf(worse, 'cpu.per_request'), worse)).toContain('plain itself');
  });

  test('names those that cannot be told apart from the best', () => {
    const close = changed(({ metric, candidate, baseline }) =>
      metric === 'cpu.per_request' && candidate === 'my-proxy' && baseline === 'plain'
        ? { ratio: 0.88, low: 0.85, high: 0.91, verdict: 'better' }
        : {},
    );
    const pick = pickOf(close, 'cpu.per_request');
    expect(pick.best?.candidate).toBe('pooled-buffer');
    expect(pickLimits(pick)).toEqual(['Not told apart from my-proxy.']);
  });

  test('is never one whose mechanism was not exercised', () => {
    const idle = changed(({ metric, candidate }) =>
      metric === 'cpu.per_request' && candidate === 'pooled-buffer' ? { verdict: 'not-exercised' } : {},
    );
    expect(pickOf(idle, 'cpu.per_request').best).toBeNull();
  });

  test('is judged by throughput in a closed loop, where the highest wins', () => {
    const closed: RunRecord = { ...run, planned: { ...run.planned, model: 'closed' } };
    const faster = closed.analysis?.effects.flatMap((effect): Effect[] =>
      effect.metric === 'cpu.per_request' && effect.baseline === 'plain' && effect.candidate !== 'direct'
        ? [
            {
              ...effect,
              metric: 'throughput',
              ratio: effect.candidate === 'my-proxy' ? 1.5 : 1.2,
              low: effect.candidate === 'my-proxy' ? 1.4 : 1.1,
              high: effect.candidate === 'my-proxy' ? 1.6 : 1.3,
              verdict: 'better',
            },
          ]
        : [],
    );
    const { analysis } = closed;
    if (analysis === null) throw new RangeError('the sample run has an analysis');
    const rated = { ...closed, analysis: { ...analysis, effects: [...analysis.effects, ...(faster ?? [])] } };
    expect(pickOf(rated, 'throughput').best?.candidate).toBe('my-proxy');
    expect(picks(rated).some(({ metric }) => metric === 'latency.p99')).toBe(false);
  });
});
