import { expect, it } from 'vitest';
import { sampleWithMechanisms } from '../report/testing/sample-mechanisms.js';
import { sampleRun } from '../report/testing/sample-run.js';
import { runRecord } from './run.js';

it('reads a record that says nothing of mechanisms, topology or expectations, and adds nothing to it', () => {
  const { run } = sampleRun({ rounds: 2 });
  const text = JSON.stringify(run);
  expect(text).not.toMatch(/"(topology|ablation|hopSplit|surprises|counterpart|caveat)"/);
  expect(runRecord.parse(JSON.parse(text))).toEqual(JSON.parse(text));
});

it('reads back everything that a record says of them', () => {
  const { run } = sampleWithMechanisms();
  const read = runRecord.parse(JSON.parse(JSON.stringify(run)));
  expect(read).toEqual(run);
  expect(read.ablation?.factors).toHaveLength(2);
});

it.each([
  ['a direction that is no direction', { direction: 'sideways' }],
  ['a metric that does not exist', { metric: 'latency.p42' }],
])('refuses an expectation with %s', (_, wrong) => {
  const { run } = sampleWithMechanisms();
  const expectation = { metric: 'latency.p99', against: 'plain', direction: 'lower', source: 'x', ...wrong };
  const variants = run.variants.map((variant) => ({ ...variant, expectations: [expectation] }));
  expect(runRecord.safeParse({ ...run, variants }).success).toBe(false);
});
