import { describe, expect, test } from 'vitest';
import { cpuByProcess, cpuHopBars, switchBars } from './cost-bars.js';
import type { WindowFigures } from './window-figures.js';

function figures(id: string, own: Partial<WindowFigures>): WindowFigures {
  return {
    id,
    voluntary: null,
    involuntary: null,
    runtime: null,
    cpuShares: [],
    handshakes: null,
    generatorCoreBusy: null,
    steal: null,
    ...own,
  };
}

const shares = (outbound: number, inbound: number) => [
  { role: 'outbound', share: outbound },
  { role: 'inbound', share: inbound },
];

describe('CPU by process', () => {
  test('shares out the figure that the table prints, so that its parts add up to it', () => {
    const parts = cpuByProcess(figures('plain', { cpuShares: shares(0.53, 0.47) }), () => 132.9);
    expect(parts.reduce((sum, { micros }) => sum + micros, 0)).toBeCloseTo(132.9, 9);
    expect(parts[0]).toEqual({ role: 'outbound', micros: 132.9 * 0.53 });
  });

  test('leaves a part out where a variant has no such process, and a variant whose clocks were not read', () => {
    const bars = cpuHopBars(
      [
        figures('direct', {}),
        figures('two', { cpuShares: shares(0.5, 0.5) }),
        figures('one', { cpuShares: [{ role: 'proxy', share: 1 }] }),
      ],
      () => 100,
    );
    expect(bars?.labels).toEqual(['two', 'one']);
    expect(bars?.parts).toEqual([
      { name: 'outbound', values: [50, null] },
      { name: 'inbound', values: [50, null] },
      { name: 'proxy', values: [null, 100] },
    ]);
  });

  test('is not drawn where each variant has one process', () => {
    expect(cpuHopBars([figures('one', { cpuShares: [{ role: 'proxy', share: 1 }] })], () => 100)).toBeNull();
  });
});

test('switches that were not read are no bar of no length', () => {
  expect(switchBars([figures('a', { voluntary: 3, involuntary: 1 }), figures('b', {})])).toEqual({
    labels: ['a'],
    parts: [
      { name: 'voluntary', values: [3] },
      { name: 'involuntary', values: [1] },
    ],
  });
  expect(switchBars([figures('b', {})])).toBeNull();
});
