import { expect, it } from 'vitest';
import type { GateRule } from '../record/index.js';
import { gatedConfidence, gatedEffects, holm } from './multiplicity.js';
import { buildRun } from './testing/record-builder.js';

const cpuRule: GateRule = { metric: 'cpu.per_request', maxIncrease: 0.05, maxDecrease: null, variants: null };

function planned(gate: GateRule[]) {
  const variants = [{ id: 'plain' }, { id: 'a' }, { id: 'b' }];
  return buildRun({ variants, rounds: 1, microBlocksPerRound: 1, longBlocksPerRound: 0, gate }).run.planned;
}

it('adjusts p-values by Holm’s steps, as computed by hand', () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
});

it('counts a comparison that could not be made as a test', () => {
  expect(holm([0.01, null])).toEqual([0.02, null]);
});

it('never adjusts above 1', () => {
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
});

it('gates each effect once, however many rules name it', () => {
  const some = gatedEffects(planned([cpuRule, { ...cpuRule, variants: ['a'] }]));
  expect(some.map((effect) => effect.candidate)).toEqual(['a', 'b']);
});

it('splits the risk of a false alarm over the gated effects', () => {
  expect(gatedConfidence(planned([]))).toBe(0.99);
  expect(gatedConfidence(planned([cpuRule]))).toBeCloseTo(0.995, 12);
  expect(gatedConfidence(planned([{ ...cpuRule, variants: ['b'] }]))).toBeCloseTo(0.99, 12);
});
