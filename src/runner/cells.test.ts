import { describe, expect, test } from 'vitest';
import type { Plan } from '../plan/index.js';
import type { RecordLine, SliceRecord } from '../record/index.js';
import { executeRun } from './run.js';
import { fakeMachine, plan, VARIANTS } from './testing/fake-machine.js';

const RATES = { '100rps': 100, '200rps': 200 } as const;
const SIZES = { '1KiB': 1024, '64KiB': 65_536 } as const;

/** The usual plan in four cells, of two sizes and two rates. */
function planOfCells(): Plan {
  const whole = plan(4, 4);
  const cells = Object.entries(SIZES).flatMap(([size, bytes]) =>
    Object.entries(RATES).map(([rate, ratePerSecond]) => {
      const id = `${size},${rate}`;
      return {
        id,
        values: { responseBytes: size, rate },
        variants: VARIANTS.map((variant) => `${variant}@${id}`),
        baseline: `plain@${id}`,
        workload: { ...whole.workload, responseBytes: { min: bytes, max: bytes } },
        load: { driver: 'loadgen', model: 'open', ratePerSecond, arrivals: 'constant' } as const,
      };
    }),
  );
  const variants = cells.flatMap((cell) =>
    whole.variants.map((variant) => ({ ...variant, id: `${variant.id}@${cell.id}` })),
  );
  return { ...whole, cells, variants, schedule: { ...whole.schedule, micro: null } };
}

async function measured() {
  const machine = fakeMachine();
  const lines: RecordLine[] = [];
  const outcome = await executeRun(
    planOfCells(),
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
