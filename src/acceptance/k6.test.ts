/** k6 as the load driver, for real: its figures in the record, scripts of users, and what happens when it cannot do it. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram, howToGet } from '../host/index.js';
import { decodeHistogram, readRun, type StoredRun } from '../record/index.js';
import { type Ended, meshmark, scenarioFile, scratchFolder, startMeshmark } from './command-line.js';
import { processesOf } from './run-processes.js';

const k6 = findProgram('k6');

const scenario = (load: string, rest = '') => `schema: meshmark.scenario/1
name: by k6
workload: {protocol: http1, responseBytes: 4KiB, connections: 8}
load: {driver: k6, ${load}}
slices: {duration: 1s, warmup: 200ms, blocks: 1, replicas: 1, seed: 5}
${rest}variants: [{id: direct}, {id: plain}]
baseline: direct
`;

async function measured(file: string): Promise<{ ended: Ended; stored: StoredRun }> {
  const out = join(scratchFolder(), 'run');
  const ended = await meshmark(['run', file, '--out', out]);
  return { ended, stored: readRun(out) };
}

const slicesOf = ({ slices }: StoredRun) => slices.filter(({ driver }) => driver === 'k6');

describe(`k6 as the load driver${k6 === null ? ` (left out: ${howToGet('k6')})` : ''}`, () => {
  it.skipIf(k6 === null)(
    'sends an open model, is checked by autocannon, and says that it knows no intended time',
    async () => {
      const file = scenarioFile(
        scenario('model: open, rate: 50/s', 'crossCheck: {driver: autocannon, every: 1}\n'),
      );
      const { stored } = await measured(file);
      const slices = slicesOf(stored);
      expect(slices.map(({ variant }) => variant).sort()).toEqual(['direct', 'plain']);
      for (const slice of slices) {
        const seconds = (slice.endedAtMicros - slice.startedAtMicros) / 1e6;
        expect(slice.timedFrom).toBe('send');
        expect(slice.requests + (slice.generator.dropped ?? 0)).toBeGreaterThan(35 * seconds);
        expect(slice.requests).toBeLessThan(60 * seconds);
        expect(decodeHistogram(slice.latency ?? '').total).toBe(slice.requests);
        expect(slice.generator.cpuNs).toBeGreaterThan(0);
      }
      expect(stored.run.drivers?.[0]).toMatchObject({ name: 'k6', script: null });
      expect(stored.run.drivers?.[0]?.version).toMatch(/^\d+\.\d+/);
      expect(stored.run.machine.binaries.k6).toMatch(/^[0-9a-f]{64}$/);
      const audit = stored.run.analysis?.audit?.find(({ check }) => check === 'intended time');
      expect(audit?.details.join()).toMatch(/^k6 times requests from when they were sent/);
    },
  );

  it.skipIf(k6 === null)('goes from one rate to another within each slice', async () => {
    const file = scenarioFile(scenario('model: open, rate: 180/s, arrivals: ramp, from: 20/s'));
    const { stored } = await measured(file);
    const slices = slicesOf(stored);
    expect(slices).toHaveLength(2);
    for (const slice of slices) {
      const seconds = (slice.endedAtMicros - slice.startedAtMicros) / 1e6;
      expect(slice.offeredRatePerSecond).toBe(100);
      const perSecond = (slice.requests + (slice.generator.dropped ?? 0)) / seconds;
      expect(perSecond).toBeGreaterThan(75);
      expect(perSecond).toBeLessThan(125);
      expect(slice.validity.reasons).toEqual([]);
    }
  });

  it.skipIf(k6 === null)(
    'runs a script of the user’s, keeps it in the record, and finds out one that sends elsewhere',
    async () => {
      const file = scenarioFile(scenario('model: closed, script: away.js'));
      const text = `import http from 'k6/http';
export const options = { vus: 99, iterations: 1 };
export default function () {
  http.get(\`http://\${__ENV.MESHMARK_TARGET}/\`);
  http.get('http://127.0.0.1:9/');
}
`;
      writeFileSync(join(dirname(file), 'away.js'), text);
      const { ended, stored } = await measured(file);
      expect(stored.run.drivers?.[0]?.script).toMatchObject({ path: join(dirname(file), 'away.js'), text });
      for (const slice of slicesOf(stored)) {
        // Every second one is refused where it goes, and none of them is passed over.
        expect(slice.errors.connect / slice.requests).toBeCloseTo(0.5, 1);
      }
      expect(ended.stdout).toMatch(/the service behind plain saw \d+ of the \d+ requests sent/);
    },
  );

  it.skipIf(k6 === null)('ends with one clear error when k6 is killed', async () => {
    const file = scenarioFile(scenario('model: closed'));
    const running = startMeshmark(['run', file, '--out', join(scratchFolder(), 'run')]);
    let pid: number | undefined;
    while (pid === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      pid = processesOf(running.pid).find(({ command }) => command[0] === k6)?.pid;
    }
    process.kill(pid, 'SIGKILL');
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/DRIVER_EXITED k6 ended: killed by SIGKILL/);
  });

  it('says how to get k6 where there is none, and where a script was looked for', async () => {
    const without = await meshmark(
      ['run', scenarioFile(scenario('model: closed')), '--out', join(scratchFolder(), 'run')],
      { env: { MESHMARK_K6: '/nonexistent/k6' } },
    );
    expect(without.exitCode).toBe(4);
    expect(without.stderr).toMatch(/there is no k6 here: MESHMARK_K6 names \/nonexistent\/k6/);
    const file = scenarioFile(scenario('model: closed, script: my.js'));
    const scriptless = await meshmark(['validate', file]);
    expect(scriptless.exitCode).toBe(2);
    expect(scriptless.stderr).toMatch(/:4:\d+ there is no file `my\.js` beside this one/);
  });
});
