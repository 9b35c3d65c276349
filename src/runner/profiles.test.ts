import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/index.js';
import { CPU_CATEGORIES, type CpuShares, type RecordLine } from '../record/index.js';
import { executeRun } from './run.js';
import { fakeMachine, plan } from './testing/fake-machine.js';

describe('CPU profiles', () => {
  const shares: CpuShares = {
    seconds: 2,
    periodNs: 1e7,
    samples: 10,
    profiledCpuNs: 1e8,
    processCpuNs: 1e8,
    categories: Object.fromEntries(
      CPU_CATEGORIES.map((category) => [category, { samples: 0, cpuNs: 0, top: [] }]),
    ) as unknown as CpuShares['categories'],
  };

  async function profiled(answer: CpuShares | null) {
    const base = fakeMachine();
    const asked: [string, number][] = [];
    const { cluster } = base.ports;
    const ports = {
      ...base.ports,
      cluster: {
        ...cluster,
        deploy: async (spec: Parameters<Cluster['deploy']>[0]) =>
          (await cluster.deploy(spec)).map((outcome) =>
            outcome.state === 'failed'
              ? outcome
              : {
                  ...outcome,
                  deployment: {
                    ...outcome.deployment,
                    processes: [
                      {
                        role: 'outbound',
                        pid: 1,
                        admin: { type: 'snapshot' as const, address: `${outcome.deployment.variant}:1` },
                      },
                      { role: 'service', pid: 2, admin: { type: 'snapshot' as const, address: 'service:1' } },
                    ],
                  },
                },
          ),
      },
      readCpuShares: async (address: string, seconds: number) => {
        asked.push([address, seconds]);
        return answer;
      },
    };
    const base4 = plan(4, 2);
    const lines: RecordLine[] = [];
    await executeRun(
      {
        ...base4,
        schedule: { ...base4.schedule, profiles: { durationMs: 1500, variants: ['plain'] } },
      },
      ports,
      { append: (line) => lines.push(line), sync: () => undefined },
      {
        onProgress: () => undefined,
        decide: () => 'continue',
        signal: new AbortController().signal,
      },
    );
    return { lines, asked };
  }

  it('are taken once of each replica’s data plane, after everything that is measured on it', async () => {
    const { lines, asked } = await profiled(shares);
    expect(asked).toEqual([
      ['plain:1', 1.5],
      ['plain:1', 1.5],
    ]);
    const profiles = lines.filter((line) => line.type === 'profile');
    expect(profiles.map(({ replica, round, variant, role }) => [replica, round, variant, role])).toEqual([
      [0, 1, 'plain', 'outbound'],
      [1, 3, 'plain', 'outbound'],
    ]);
    for (const profile of profiles) {
      const after = lines.slice(lines.indexOf(profile) + 1);
      expect(
        after.every(
          (line) => line.type !== 'control' && line.type !== 'clinic' && line.replica !== profile.replica,
        ),
      ).toBe(true);
    }
  });

  it('leave no line where a process did not answer', async () => {
    const { lines } = await profiled(null);
    expect(lines.filter((line) => line.type === 'profile')).toEqual([]);
  });
});
