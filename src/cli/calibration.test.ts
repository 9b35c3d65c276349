import { describe, expect, it } from 'vitest';
import type { GateRule, NoiseFloor } from '../record/index.js';
import { floorLines, shapeOf } from './calibration.js';
import { calibrationFloor } from './judge.js';
import { planText } from './scenario-file.js';

const FLOOR: NoiseFloor = { createdAt: '', seconds: 60, smallestDecidable: 0.02 };
const rule = (maxIncrease: number): GateRule => ({
  metric: 'cpu.per_request',
  maxIncrease,
  maxDecrease: null,
  variants: null,
});

describe('what a calibration lets a run show', () => {
  it('shrinks with the square root of the time', () => {
    expect(floorLines(FLOOR, [], 60)).toEqual([
      'by its calibration with plain against itself, this machine can show ≥ 2 % CPU per request in 60 s',
    ]);
    expect(floorLines(FLOOR, [], 240)[0]).toContain('≥ 1 % CPU per request in 4 min');
    expect(calibrationFloor(FLOOR, 240)).toEqual({ 'cpu.per_request': 1.01 });
    expect(calibrationFloor(null, 240)).toEqual({});
  });

  it('is said to be too coarse for a finer limit, with the time that one needs', () => {
    expect(floorLines(FLOOR, [rule(0.05)], 60)).toHaveLength(1);
    expect(floorLines(FLOOR, [rule(0.05), rule(0.005)], 60)[1]).toBe(
      '  which is coarser than the gate’s limit of 0.5 %: that needs about 16 min',
    );
  });

  it('is told for every gated metric that a calibration with the scenario itself knows', () => {
    const own: NoiseFloor = {
      ...FLOOR,
      scenario: 'mine',
      metrics: { 'cpu.per_request': 0.03, 'latency.p99': 0.2 },
    };
    const gate: GateRule[] = [{ ...rule(0.1), metric: 'latency.p99' }];
    const [line, more] = floorLines(own, gate, 60);
    expect(line).toContain('this scenario’s own traffic, this machine can show ≥ 20 % latency p99 in 60 s');
    expect(more).toContain('about 4 min');
    expect(calibrationFloor(own, 60)).toEqual({ 'cpu.per_request': 1.03, 'latency.p99': 1.2 });
  });
});

describe('the shape of a scenario', () => {
  const text = (change: (scenario: string) => string = (scenario) => scenario) =>
    change(`schema: meshmark.scenario/1
name: one
slices: {blocks: 8, micro: {requests: 100}}
workload: {responseBytes: 4KiB}
variants: [{id: plain}, {id: lean}]
baseline: plain
gate: [{metric: cpu.per_request, maxIncrease: 5%}]
`);
  const shape = (...change: Parameters<typeof text>) => shapeOf(planText(text(...change), 'f.yaml'));

  it('is that of its traffic, slices and baseline, whatever it is called and compares', () => {
    expect(shape((one) => one.replace('name: one', 'name: two'))).toBe(shape());
    expect(shape((one) => one.replace('id: lean', 'id: pooled-buffer').replace('5%', '1%'))).toBe(shape());
    expect(shape((one) => one.replace('blocks: 8', 'blocks: 20, seed: 4'))).toBe(shape());
    expect(shape((one) => one.replace('4KiB', '8KiB'))).not.toBe(shape());
    expect(shape((one) => one.replace('requests: 100', 'requests: 200'))).not.toBe(shape());
    expect(shape((one) => one.replace('baseline: plain', 'baseline: lean'))).not.toBe(shape());
  });
});
