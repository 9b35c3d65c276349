/** Closed load by several processes of autocannon: what they count together, and what becomes of the others when one dies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decodeHistogram, readRun } from '../record/index.js';
import { meshmark, scenarioFile, scratchFolder, startMeshmark } from './command-line.js';
import { cgroupsOf, processesOf } from './run-processes.js';

const scenario = (blocks: number) => `schema: meshmark.scenario/1
name: many processes
workload: {protocol: http1, responseBytes: 1KiB, connections: 7}
load: {driver: autocannon, model: closed, processes: 3}
slices: {duration: 1s, warmup: 100ms, blocks: ${blocks}, seed: 3}
variants: [{id: direct}, {id: plain}]
baseline: direct
`;

describe('autocannon in three processes', () => {
  it('counts every answer once, over all of them, and says of each how full its event loop was', async () => {
    const out = join(scratchFolder(), 'run');
    const ended = await meshmark(['run', scenarioFile(scenario(1)), '--out', out]);
    expect([0, 3], ended.stderr).toContain(ended.exitCode);
    const { slices, windows, run } = readRun(out);
    expect(slices.map(({ variant }) => variant).sort()).toEqual(['direct', 'plain']);
    for (const slice of slices) {
      expect(slice).toMatchObject({ driver: 'autocannon', model: 'closed', status: { state: 'measured' } });
      const loops = slice.generator.eventLoops ?? [];
      expect(loops).toHaveLength(3);
      for (const loop of loops) {
        expect(loop.utilisation).toBeGreaterThan(0);
        expect(loop.utilisation).toBeLessThanOrEqual(1);
        expect(loop.cpuNs).toBeGreaterThan(0);
        expect(loop.delayP99Ns).not.toBeNull();
      }
      expect(slice.generator.cpuNs).toBe(loops.reduce((sum, { cpuNs }) => sum + cpuNs, 0));
      expect(decodeHistogram(slice.latency ?? '').total).toBe(slice.requests);
      // The service counts what it answered in the window; what was sent outside the counted parts is not in `requests`.
      const window = windows.find(({ sliceSeq }) => sliceSeq === slice.seq);
      const served = (edge: 'start' | 'end') =>
        window?.[edge].processes.find(({ role }) => role === 'service')?.witness?.requests ?? Number.NaN;
      expect(served('end') - served('start')).toBeGreaterThanOrEqual(slice.requests + slice.warmupRequests);
      // All three carried load: seven connections are at most 3 + 2 + 2.
      expect(slice.requests).toBeGreaterThan(100);
    }
    expect(run.analysis?.audit?.map(({ check }) => check)).toContain('generator’s event loop');
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Event loops of the generator');
  });

  it.runIf(process.platform === 'linux')(
    'ends with one error that names it when one of them is killed, and leaves nothing',
    async () => {
      const out = join(scratchFolder(), 'run');
      const run = startMeshmark(['run', scenarioFile(scenario(8)), '--out', out]);
      await run.saw(/round 2 of 8/);
      await sleep(300);
      const drivers = processesOf(run.pid).filter(
        ({ command }) =>
          command.some((word) => word.endsWith('autocannon-process.js')) && !command.includes('launch'),
      );
      expect(drivers).toHaveLength(3);
      process.kill(drivers[1]?.pid ?? -1, 'SIGKILL');
      const ended = await run.ended;
      expect(ended.exitCode, ended.stderr).toBe(4);
      expect(ended.stderr.match(/autocannon's process ended: killed by SIGKILL/g)).toHaveLength(1);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
      expect(processesOf(run.pid)).toEqual([]);
      expect(cgroupsOf(run.pid)).toEqual([]);
      expect(readRun(out).run.state).toBe('failed');
    },
  );
});
