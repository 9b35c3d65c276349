/** Generators of load side by side: meshmark's drivers, and programs of others where they are installed. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { dataplaneBinary, findProgram } from '../../host/index.js';
import { createK6Driver, startAutocannon, startLoadgen } from '../../load/index.js';
import { readProcessCpuNs } from '../../probes/index.js';
import { decodeHistogram, quantileNs } from '../../record/index.js';
import { scratchFolder } from '../command-line.js';
import type { Bench } from './quiet-service.js';

export interface LoadOrder {
  readonly address: string;
  /** Null for as fast as the answers come. */
  readonly ratePerSecond: number | null;
  readonly connections: number;
  readonly durationMs: number;
}

/** What a generator says of its own slice. */
export interface GeneratorSays {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU that it used, its start-up included where it starts anew for each slice. */
  readonly cpuMicros: number;
  /** How late requests left by its own account; null where it does not tell. */
  readonly lagP99Micros: number | null;
}

export interface Generator {
  readonly name: string;
  /** `open`: it has a schedule of its own; `closed`: a connection waits for its answer before it asks again. */
  readonly model: 'open' | 'closed';
  load(order: LoadOrder): Promise<GeneratorSays>;
  close(): Promise<void>;
}

/** Every generator that is here, and how to get those that are not. */
export async function openGenerators(
  bench: Bench,
): Promise<{ readonly generators: readonly Generator[]; readonly missing: readonly string[] }> {
  const foreign = [wrk, fortio, vegeta, k6].map((open) => open(bench.generatorCore));
  return {
    generators: [
      await loadgen(bench),
      autocannon(bench),
      ...(findProgram('k6') === null ? [] : [k6Driver(bench)]),
      ...foreign.filter((one): one is Generator => typeof one !== 'string'),
    ],
    missing: foreign.filter((one): one is string => typeof one === 'string'),
  };
}

async function loadgen({ host, generatorCore }: Bench): Promise<Generator> {
  const engine = await startLoadgen(host, [generatorCore]);
  let seq = 0;
  let standing = '';
  return {
    name: 'loadgen (meshmark)',
    model: 'open',
    load: async ({ address, ratePerSecond, connections, durationMs }) => {
      if (standing !== `${address} ${connections}`) {
        standing = `${address} ${connections}`;
        const failed = await engine.setTargets([
          {
            id: 'service',
            address,
            connections,
            timeoutMs: 5000,
            protocol: 'http1',
            connectionPerRequest: false,
            idleConnections: 0,
            processes: [],
          },
        ]);
        if (failed.service !== undefined) throw new Error(failed.service);
      }
      seq += 1;
      const place = { seq, target: 'service', durationMs, warmupMs: 0 };
      const order =
        ratePerSecond === null
          ? ({ ...place, model: 'closed' } as const)
          : ({ ...place, model: 'open', ratePerSecond, arrivals: 'constant', seed: seq } as const);
      const says: GeneratorSays[] = [];
      await engine.runSlices([order], ({ latency, sendLag, requests, generator, failed }) => {
        if (failed !== null || latency === null) throw new Error(`loadgen: ${failed ?? 'no latency'}`);
        const told = decodeHistogram(latency);
        says.push({
          requests,
          p50Ms: quantileNs(told, 0.5) / 1e6,
          p99Ms: quantileNs(told, 0.99) / 1e6,
          cpuMicros: generator.cpuNs / 1000,
          lagP99Micros: sendLag === null ? null : quantileNs(decodeHistogram(sendLag), 0.99) / 1000,
        });
      });
      const [said] = says;
      if (said === undefined) throw new Error('loadgen measured nothing');
      return said;
    },
    close: () => engine.close(),
  };
}

function autocannon({ host, generatorCore }: Bench): Generator {
  const driver = startAutocannon(host, [generatorCore]);
  return {
    name: 'autocannon (meshmark)',
    model: 'closed',
    load: async ({ address, connections, durationMs }) => {
      const order = { address, connections, durationMs, warmupMs: 0, timeoutMs: 5000 };
      const { latency, requests, cpuNs, failed } = await driver.runSlice(order, async () => undefined);
      if (failed !== null || latency === null) throw new Error(`autocannon: ${failed ?? 'no latency'}`);
      const told = decodeHistogram(latency);
      return {
        requests,
        p50Ms: quantileNs(told, 0.5) / 1e6,
        p99Ms: quantileNs(told, 0.99) / 1e6,
        cpuMicros: cpuNs / 1000,
        lagP99Micros: null,
      };
    },
    close: () => driver.close(),
  };
}

/** k6 as meshmark drives it: every request's own latency in a full histogram, timed from the send. */
function k6Driver({ host, generatorCore }: Bench): Generator {
  const folder = scratchFolder();
  return {
    name: 'k6 (meshmark)',
    model: 'open',
    load: async ({ address, ratePerSecond, connections, durationMs }) => {
      const load = {
        protocol: 'http1',
        grpcMethod: '',
        connections,
        connectionPerRequest: false,
        timeoutMs: 5000,
        ratePerSecond,
        fromRatePerSecond: null,
        script: null,
      } as const;
      const driver = createK6Driver(host, [generatorCore], null, folder, load);
      const cpuNs: number[] = [];
      const order = { address, warmupMs: 300, durationMs };
      const result = await driver.runSlice(order, async (_edge, pid) => {
        const own = readProcessCpuNs(pid);
        if (own === null) throw new Error('the CPU of k6 cannot be read here');
        cpuNs.push(own);
      });
      if (result.failed !== null) throw new Error(`k6: ${result.failed}`);
      const told = decodeHistogram(result.latency);
      const [before = 0, after = 0] = cpuNs;
      return {
        requests: result.requests,
        p50Ms: quantileNs(told, 0.5) / 1e6,
        p99Ms: quantileNs(told, 0.99) / 1e6,
        cpuMicros: (after - before) / 1000,
        lagP99Micros: null,
      };
    },
    close: async () => undefined,
  };
}

/** What a program of somebody else's printed, and the CPU that it used. */
interface Ended {
  readonly text: string;
  readonly cpuMicros: number;
}

/** Runs a program on the core; the shell's `times` tells the CPU of its child, which is gone by then. */
async function runOn(core: number, argv: readonly string[]): Promise<Ended> {
  const shell = ['sh', '-c', '"$@"; status=$?; times >&2; exit $status', 'sh'];
  const place = ['launch', '--parent', String(process.pid), '--cpus', String(core), '--'];
  const child = spawn(dataplaneBinary(), [...place, ...shell, ...argv]);
  const chunks = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${chunks.stderr}`);
  const [, children = ''] = chunks.stderr.trimEnd().split('\n').slice(-2);
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return { text: chunks.stdout, cpuMicros: seconds.reduce((sum, one) => sum + one, 0) * 1e6 };
}

/** The program, on PATH or where `go install` puts it; null when it is not here. */
function programAt(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}

function wrk(core: number): Generator | string {
  const path = programAt('wrk');
  if (path === null) return 'wrk: the package wrk of Debian';
  return {
    name: 'wrk',
    model: 'closed',
    load: async ({ address, connections, durationMs }) => {
      const options = ['-t1', `-c${connections}`, `-d${Math.round(durationMs / 1000)}s`, '--latency'];
      const { text, cpuMicros } = await runOn(core, [path, ...options, `http://${address}/`]);
      const quantileMs = (percent: string) => {
        const match = new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(text);
        const factor = match?.[2] === 'us' ? 0.001 : match?.[2] === 's' ? 1000 : 1;
        return Number(match?.[1]) * factor;
      };
      const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
      return { requests, p50Ms: quantileMs('50'), p99Ms: quantileMs('99'), cpuMicros, lagP99Micros: null };
    },
    close: async () => undefined,
  };
}

function fortio(core: number): Generator | string {
  const path = programAt('fortio');
  if (path === null) return 'fortio: go install fortio.org/fortio@v1.65.0';
  return {
    name: 'fortio',
    model: 'open',
    load: async ({ address, ratePerSecond, connections, durationMs }) => {
      // -uniform spreads the starts of its threads, each of which keeps a schedule of its own; -r is its resolution in s.
      const rate = ['-qps', String(ratePerSecond ?? 0), '-c', String(connections), '-t', seconds(durationMs)];
      const how = ['-uniform', '-r', '0.00001', '-p', '50,99', '-json', '-', '-quiet'];
      const { text, cpuMicros } = await runOn(core, [path, 'load', ...rate, ...how, `http://${address}/`]);
      const said = JSON.parse(text) as {
        readonly DurationHistogram: {
          readonly Count: number;
          readonly Percentiles: readonly { readonly Percentile: number; readonly Value: number }[];
        };
      };
      const quantileMs = (percentile: number) =>
        (said.DurationHistogram.Percentiles.find((one) => one.Percentile === percentile)?.Value ??
          Number.NaN) * 1000;
      const requests = said.DurationHistogram.Count;
      return { requests, p50Ms: quantileMs(50), p99Ms: quantileMs(99), cpuMicros, lagP99Micros: null };
    },
    close: async () => undefined,
  };
}

function vegeta(core: number): Generator | string {
  const path = programAt('vegeta');
  if (path === null) return 'vegeta: go install github.com/tsenart/vegeta/v12@latest';
  const results = join(scratchFolder(), 'vegeta.bin');
  return {
    name: 'vegeta',
    model: 'open',
    load: async ({ address, ratePerSecond, connections, durationMs }) => {
      const targets = join(scratchFolder(), 'targets');
      writeFileSync(targets, `GET http://${address}/\n`);
      const rate = [`-rate=${ratePerSecond ?? 0}/1s`, `-duration=${seconds(durationMs)}`];
      const workers = [`-workers=${connections}`, `-max-workers=${connections}`];
      const { cpuMicros } = await runOn(core, [
        path,
        'attack',
        ...rate,
        ...workers,
        `-targets=${targets}`,
        `-output=${results}`,
      ]);
      const report = spawnSync(path, ['report', '-type=json', results], { encoding: 'utf8' });
      const said = JSON.parse(report.stdout) as {
        readonly requests: number;
        readonly latencies: { readonly '50th': number; readonly '99th': number };
      };
      const [p50Ms, p99Ms] = [said.latencies['50th'] / 1e6, said.latencies['99th'] / 1e6];
      return { requests: said.requests, p50Ms, p99Ms, cpuMicros, lagP99Micros: null };
    },
    close: async () => undefined,
  };
}

function k6(core: number): Generator | string {
  const path = findProgram('k6');
  if (path === null) return 'k6: npm run setup:drivers';
  return {
    name: 'k6',
    model: 'open',
    load: async ({ address, ratePerSecond, connections, durationMs }) => {
      const folder = scratchFolder();
      const [script, summary] = [join(folder, 'load.js'), join(folder, 'summary.json')];
      const scenario = {
        executor: 'constant-arrival-rate',
        rate: ratePerSecond ?? 0,
        timeUnit: '1s',
        duration: seconds(durationMs),
        preAllocatedVUs: connections,
        maxVUs: connections,
      };
      const options = {
        scenarios: { load: scenario },
        summaryTrendStats: ['p(50)', 'p(99)'],
        discardResponseBodies: true,
      };
      writeFileSync(
        script,
        `import http from 'k6/http';\nexport const options = ${JSON.stringify(options)};\nexport default function () { http.get('http://${address}/'); }\n`,
      );
      const quiet = ['--quiet', '--no-usage-report', '--address', ''];
      const { cpuMicros } = await runOn(core, [path, 'run', ...quiet, '--summary-export', summary, script]);
      const { metrics } = JSON.parse(readFileSync(summary, 'utf8')) as {
        readonly metrics: {
          readonly http_reqs: { readonly count: number };
          readonly http_req_duration: { readonly 'p(50)': number; readonly 'p(99)': number };
        };
      };
      const latency = metrics.http_req_duration;
      return {
        requests: metrics.http_reqs.count,
        p50Ms: latency['p(50)'],
        p99Ms: latency['p(99)'],
        cpuMicros,
        lagP99Micros: null,
      };
    },
    close: async () => undefined,
  };
}
