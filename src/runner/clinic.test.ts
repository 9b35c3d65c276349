import { describe, expect, it } from 'vitest';
import type { Clinic, ClinicOutcome } from '../clinic/index.js';
import type { DeploySpec } from '../cluster/index.js';
import { CLINIC_TOOLS, type ClinicTool, type RecordLine } from '../record/index.js';
import { executeRun } from './run.js';
import { fakeMachine, plan, VARIANTS } from './testing/fake-machine.js';

const FOUND: ClinicOutcome = {
  page: 'clinic/x/y.html',
  findings: { type: 'shares', unit: 'samples', total: 1, largest: [] },
  stacks: { seconds: 1, functions: ['a'], stacks: [{ frames: [0], value: 1, samples: 1 }] },
  fault: null,
};

interface Options {
  readonly outcome?: (tool: ClinicTool, of: string) => ClinicOutcome;
  readonly generatorProcesses?: number | null;
  readonly abortAt?: string;
}

async function looked({ outcome = () => FOUND, generatorProcesses = null, abortAt }: Options = {}) {
  const machine = fakeMachine();
  const { cluster } = machine.ports;
  const lines: RecordLine[] = [];
  const removed: string[] = [];
  const interrupted: number[] = [];
  const loads: object[] = [];
  const startedBy: DeploySpec['startedBy'][] = [];
  const abort = new AbortController();
  const clinic: Clinic = {
    version: '13.0.0',
    look: (tool, of) => ({
      startedBy: { argv: ['clinic', tool, of], env: {}, directory: '/nowhere' },
      conclude: async () => outcome(tool, of),
      remove: () => removed.push(`${tool} ${of}`),
    }),
  };
  const ended = new Set<number>();
  const whole = plan(1, 1);
  const result = await executeRun(
    {
      ...whole,
      schedule: {
        ...whole.schedule,
        micro: null,
        long: null,
        stacks: { looks: [] },
        clinic: {
          looks: CLINIC_TOOLS.map((tool) => ({ tool, durationMs: 1000 })),
          variants: generatorProcesses === null ? VARIANTS : [],
          generatorProcesses,
        },
      },
    },
    {
      ...machine.ports,
      clinic,
      interrupt: (pid) => {
        interrupted.push(pid);
        ended.add(pid);
      },
      profileAutocannon: async (by, _signal, order) => {
        loads.push({ argv: by.argv, ...order });
        return { requests: 7, fault: null };
      },
      cluster: {
        ...cluster,
        deploy: async (spec) => {
          startedBy.push(spec.startedBy);
          return (await cluster.deploy(spec)).map((one) => {
            if (one.state === 'failed') return one;
            const pid = one.deployment.processes[0]?.pid ?? 0;
            return {
              ...one,
              deployment: {
                ...one.deployment,
                deathReason: () => (ended.has(pid) ? 'outbound ended: exit code 0; it logged nothing' : null),
              },
            };
          });
        },
      },
    },
    { append: (line) => lines.push(line), sync: () => undefined },
    {
      onProgress: (event) => {
        if (event.type === 'round' && event.part === abortAt) abort.abort();
      },
      decide: () => 'continue',
      signal: abort.signal,
    },
  );
  const found = lines.flatMap((line) => (line.type === 'clinic' ? [line] : []));
  return { machine, lines, found, removed, interrupted, loads, startedBy, result };
}

describe('looks by clinic', () => {
  it('have each tool look at each variant alone, in fresh processes that the tool starts, and measure nothing', async () => {
    const { found, lines, startedBy, interrupted, removed, machine } = await looked();
    expect(found.map(({ tool, variant, fault }) => [tool, variant, fault])).toEqual(
      CLINIC_TOOLS.flatMap((tool) => ['plain', 'pooled-buffer'].map((id) => [tool, id, null])).map((one) =>
        expect.arrayContaining(one.slice(0, 1)),
      ),
    );
    expect(new Set(found.map(({ tool, variant }) => `${tool} ${variant}`)).size).toBe(8);
    expect(startedBy.filter((one) => one !== undefined).map((one) => one.argv.slice(1).join(' '))).toEqual(
      found.map(({ tool, variant }) => `${tool} ${variant}`),
    );
    expect(new Set(interrupted).size).toBe(8);
    expect(removed).toHaveLength(8);
    expect(machine.standing()).toBe(0);
    expect(found.every(({ requests }) => requests === 110)).toBe(true);
    const measured = lines.filter(({ type }) => !['clinic', 'stacks'].includes(type));
    expect(measured.every((line) => line.type === 'window' && line.track === 'idle')).toBe(true);
    const kinds = lines.flatMap((line) => (line.type === 'stacks' ? [line.kind] : []));
    expect(new Set(kinds)).toEqual(new Set(['node-cpu', 'node-heap']));
  });

  it('go on after a tool that throws, and tell its words', async () => {
    const { found, removed } = await looked({
      outcome: (tool) => {
        if (tool === 'flame') throw new Error('no isolate logfile found');
        return tool === 'doctor'
          ? { page: null, findings: null, stacks: null, fault: 'it wrote nothing' }
          : FOUND;
      },
    });
    const faults = new Map(found.map(({ tool, fault }) => [tool, fault]));
    expect(Object.fromEntries(faults)).toEqual({
      doctor: 'it wrote nothing',
      flame: 'no isolate logfile found',
      bubbleprof: null,
      heapprofiler: null,
    });
    expect(removed).toHaveLength(8);
  });

  it('look at one of autocannon’s processes, with the workload’s connections, and keep no stacks of it', async () => {
    const { found, loads, lines } = await looked({ generatorProcesses: 3 });
    expect(found.map(({ tool, role, requests }) => [tool, role, requests])).toEqual(
      CLINIC_TOOLS.map((tool) => [tool, 'autocannon', 7]),
    );
    expect(loads[0]).toMatchObject({
      argv: ['clinic', 'doctor', 'autocannon'],
      processes: 3,
      connections: 4,
      durationMs: 1000,
    });
    expect(lines.some(({ type }) => type === 'stacks')).toBe(false);
  });

  it('stop when the run is interrupted, and leave nothing', async () => {
    const { found, result, machine, removed } = await looked({ abortAt: 'clinic flame of plain' });
    expect(result.state).toBe('interrupted');
    expect(found.every(({ tool }) => tool === 'doctor' || tool === 'flame')).toBe(true);
    expect(found.length).toBeLessThan(4);
    expect(removed.length).toBeLessThanOrEqual(4);
    expect(machine.standing()).toBeLessThanOrEqual(1);
  });
});
