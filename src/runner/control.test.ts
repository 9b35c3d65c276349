import { describe, expect, it } from 'vitest';
import type { ControlRecord, RecordLine } from '../record/index.js';
import { executeRun } from './run.js';
import { fakeMachine, plan } from './testing/fake-machine.js';

async function controlled(
  change: (machine: ReturnType<typeof fakeMachine>) => ReturnType<typeof fakeMachine>['ports'],
) {
  const machine = fakeMachine();
  const lines: RecordLine[] = [];
  const outcome = await executeRun(
    plan(1, 1),
    change(machine),
    { append: (line) => lines.push(line), sync: () => undefined },
    {
      onProgress: () => undefined,
      decide: () => 'continue',
      signal: new AbortController().signal,
    },
  );
  const controls = lines.filter((line): line is ControlRecord => line.type === 'control');
  return { machine, lines, controls, outcome };
}

describe('the known-delay control', () => {
  it('is the first line of a run, measured without a data plane before any variant stands', async () => {
    const { machine, lines, controls } = await controlled(({ ports }) => ports);
    expect(lines[0]?.type).toBe('control');
    expect(controls).toHaveLength(1);
    expect(controls[0]).toMatchObject({
      driver: 'loadgen',
      model: 'open',
      delayMs: 2,
      requests: 100,
      failed: null,
    });
    expect(machine.deployed[0]).toEqual(['known-delay']);
    expect(machine.standing()).toBe(2);
  });

  it('asks for the scenario’s rate, and for no more than its connections carry without waiting', async () => {
    const { controls } = await controlled(({ ports }) => ports);
    expect(controls[0]?.offeredRatePerSecond).toBe(100);
    const many = plan(1, 1);
    const lines: RecordLine[] = [];
    await executeRun(
      { ...many, load: { driver: 'loadgen', model: 'open', ratePerSecond: 50_000, arrivals: 'poisson' } },
      fakeMachine().ports,
      { append: (line) => lines.push(line), sync: () => undefined },
      { onProgress: () => undefined, decide: () => 'stop', signal: new AbortController().signal },
    );
    const [control] = lines;
    // Four connections of 3 ms each carry 1,333/s; a quarter of that never waits.
    expect(control?.type === 'control' ? control.offeredRatePerSecond : null).toBeCloseTo(333.3, 0);
  });

  it('says why it could not be measured, and the run goes on', async () => {
    const { controls, outcome } = await controlled(({ ports }) => ({
      ...ports,
      cluster: {
        ...ports.cluster,
        deploy: async (spec) =>
          spec.variants[0]?.id === 'known-delay'
            ? [{ state: 'failed', variant: 'known-delay', reason: 'no port is free' }]
            : ports.cluster.deploy(spec),
      },
    }));
    expect(controls[0]?.failed).toBe('the service did not come up: no port is free');
    expect(outcome).toMatchObject({ state: 'finished', roundsDone: 1 });
  });
});
