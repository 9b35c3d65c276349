import { describe, expect, test } from 'vitest';
import { planScenario } from '../plan/index.js';
import type { RecordLine, SliceRecord } from '../record/index.js';
import { formatFault, parseScenario } from '../scenario/index.js';
import { executeRun } from './run.js';
import { fakeMachine } from './testing/fake-machine.js';

const SCENARIO = `schema: meshmark.scenario/1
name: cells
load: {model: open}
matrix: {responseBytes: [1KiB, 64KiB], rate: [100/s, 200/s]}
slices: {duration: 2s, blocks: 4, budget: 300s}
variants: [{id: plain}, {id: pooled-buffer}]
baseline: plain
`;

async function measured() {
  const parsed = parseScenario(SCENARIO, 'f.yaml');
  if (!parsed.ok) throw new Error(parsed.faults.map(formatFault).join('\n'));
  const planned = planScenario(parsed.scenario, { path: 'f.yaml', text: SCENARIO });
  if (!planned.ok) throw new Error(planned.faults.join('\n'));
  const machine = fakeMachine();
  const lines: RecordLine[] = [];
  const outcome = await executeRun(
    planned.plan,
    machine.ports,
    { append: (line) => lines.push(line), sync: () => undefined },
    { onProgress: () => undefined, decide: () => 'continue', signal: new AbortController().signal },
  );
  return { machine, outcome, slices: lines.filter((line): line is SliceRecord => line.type === 'slice') };
}

describe('a run of several cells', () => {
  test('has the variants of every cell in each block', async () => {
    const { slices } = await measured();
    const blocks = new Map<number, string[]>();
    for (const { block, variant } of slices) blocks.set(block, [...(blocks.get(block) ?? []), variant]);
    expect(blocks.size).toBe(4);
    for (const variants of blocks.values()) expect(new Set(variants).size).toBe(8);
  });

  test('stands its variants up before the service that their cell asks for, equal ones together', async () => {
    const { machine } = await measured();
    const first = machine.deployed.findIndex((ids) => ids.length > 1);
    const both = [first, first + 1].map((index) => ({
      sizes: new Set(machine.deployed[index]?.map((id) => id.slice(id.indexOf('@') + 1, id.indexOf(',')))),
      count: machine.deployed[index]?.length,
      bytes: machine.services[index]?.responseBytes.max,
    }));
    expect(both.sort((a, b) => (a.bytes ?? 0) - (b.bytes ?? 0))).toEqual([
      { sizes: new Set(['1KiB']), count: 4, bytes: 1024 },
      { sizes: new Set(['64KiB']), count: 4, bytes: 65_536 },
    ]);
    expect(machine.targets()).toHaveLength(8);
  });

  test('sends to each variant at the rate of its cell, all variants of a block by the same arrivals', async () => {
    const { machine } = await measured();
    const open = machine.orders.filter((order) => order.target.includes('@') && order.model === 'open');
    expect(open.length).toBe(4 * 8);
    for (const order of open)
      expect(order.model === 'open' && order.ratePerSecond).toBe(order.target.includes('100rps') ? 100 : 200);
    expect(new Set(open.map(({ seed }) => seed)).size).toBe(4);
  });

  test('compares answers within a cell', async () => {
    const { outcome } = await measured();
    const workers = outcome.parity.filter(({ property }) => property.endsWith(': workers'));
    expect(workers.map(({ property }) => property).sort()).toEqual([
      '1KiB,100rps: workers',
      '1KiB,200rps: workers',
      '64KiB,100rps: workers',
      '64KiB,200rps: workers',
    ]);
    for (const { byVariant } of workers) expect(Object.keys(byVariant)).toHaveLength(2);
  });
});
