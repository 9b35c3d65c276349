/** fortio and k6 as people run them from a shell: as fast as the answers come, or at a constant rate. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runToEnd } from '../../../host/index.js';
import type { UsualRun } from './usual-metrics.js';

export const USUAL_GENERATORS = ['fortio', 'k6'] as const;
export type UsualGeneratorName = (typeof USUAL_GENERATORS)[number];

export interface UsualLoad {
  /** `host:port`. */
  readonly address: string;
  readonly connections: number;
  /** Null for as fast as the answers come. */
  readonly ratePerSecond: number | null;
  readonly durationMs: number;
}

export interface UsualGenerator {
  readonly name: UsualGeneratorName;
  readonly version: string;
  /** One run from its start to its end. Throws Error when it failed, or a request did. */
  run(load: UsualLoad): Promise<UsualRun>;
}

/** How long a generator may take beyond its own duration before it is killed. */
const GRACE_MS = 30_000;

/** A generator, its program named by MESHMARK_FORTIO or MESHMARK_K6. Throws Error without one, or where it does not run. */
export async function openGenerator(name: UsualGeneratorName): Promise<UsualGenerator> {
  const program = namedProgram(name);
  const said = await runProgram([program, 'version'], GRACE_MS);
  const version = /v?(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? 'unknown';
  return { name, version, run: (load) => (name === 'fortio' ? runFortio : runK6)(program, load) };
}

/** Path that `MESHMARK_NAME` says. Throws Error where it says none. */
export function namedProgram(name: UsualGeneratorName | 'benchstat'): string {
  const variable = `MESHMARK_${name.toUpperCase()}`;
  const path = process.env[variable];
  if (path) return path;
  throw new Error(`${variable} names no ${name}: npm run bench:usual-way brings it and sets the variable`);
}

/** What a program printed. Throws Error with its log when it failed or took longer than `limitMs`. */
export async function runProgram(
  argv: readonly [program: string, ...args: string[]],
  limitMs: number,
): Promise<string> {
  const { succeeded, stdout, stderr } = await runToEnd(argv, Buffer.alloc(0), limitMs);
  if (!succeeded) throw new Error(`${argv.join(' ')} failed or took too long:\n${stderr}`);
  return stdout;
}

async function runFortio(program: string, load: UsualLoad): Promise<UsualRun> {
  const { address, connections, ratePerSecond, durationMs } = load;
  const text = await runProgram(
    [
      ...([program, 'load', '-qps', String(ratePerSecond ?? 0), '-c', String(connections)] as const),
      // Its default of 1 ms is wider than what is looked for; -uniform spreads its threads over a rate's interval.
      ...['-t', `${Math.round(durationMs)}ms`, '-r', '0.00001', '-uniform', '-p', '50,99'],
      ...['-json', '-', '-quiet', `http://${address}/`],
    ],
    durationMs + GRACE_MS,
  );
  return fortioRun(text, ratePerSecond);
}

const fortioResult = z.object({
  ActualQPS: z.number().positive(),
  DurationHistogram: z.object({
    Count: z.int().positive(),
    /** Seconds. */
    Avg: z.number(),
    Percentiles: z.array(z.object({ Percentile: z.number(), Value: z.number() })),
  }),
  RetCodes: z.record(z.string(), z.int()),
});

/** A run from fortio's JSON. At a constant rate it has no time per request, which is the rate's own. Throws Error. */
export function fortioRun(text: string, ratePerSecond: number | null): UsualRun {
  const read = fortioResult.parse(JSON.parse(text));
  const { Count, Avg, Percentiles } = read.DurationHistogram;
  const succeeded = read.RetCodes['200'] ?? 0;
  if (succeeded !== Count) throw failedRequests('fortio', Count - succeeded, Count);
  const percentileMicros = (wanted: number) => {
    const found = Percentiles.find(({ Percentile }) => Percentile === wanted);
    if (found === undefined) throw new Error(`fortio told no p${wanted}; ask for it by -p`);
    return found.Value * 1e6;
  };
  return {
    requests: Count,
    micros: {
      ...(ratePerSecond === null ? { 'time.per_request': 1e6 / read.ActualQPS } : {}),
      'latency.mean': Avg * 1e6,
      'latency.p50': percentileMicros(50),
      'latency.p99': percentileMicros(99),
    },
  };
}

/** k6's script: every virtual user asks again as soon as it was answered, or they share a constant rate. */
export function usualK6Script({ address, connections, ratePerSecond, durationMs }: UsualLoad): string {
  const duration = `${Math.round(durationMs)}ms`;
  const load =
    ratePerSecond === null
      ? { executor: 'constant-vus', vus: connections, duration }
      : {
          executor: 'constant-arrival-rate',
          rate: ratePerSecond,
          timeUnit: '1s',
          duration,
          preAllocatedVUs: connections,
          maxVUs: connections,
        };
  const options = {
    scenarios: { load },
    summaryTrendStats: ['avg', 'med', 'p(99)'],
    discardResponseBodies: true,
  };
  return `import http from 'k6/http';
export const options = ${JSON.stringify(options)};
export default function () { http.get('http://${address}/'); }
`;
}

async function runK6(program: string, load: UsualLoad): Promise<UsualRun> {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-usual-way-'));
  try {
    const [script, summary] = [join(folder, 'load.js'), join(folder, 'summary.json')];
    writeFileSync(script, usualK6Script(load));
    // An empty address leaves k6's control server out, whose port may be taken.
    const quiet = ['--quiet', '--no-usage-report', '--address', ''];
    await runProgram(
      [program, 'run', ...quiet, '--summary-export', summary, script],
      load.durationMs + GRACE_MS,
    );
    return k6Run(readFileSync(summary, 'utf8'), load.ratePerSecond);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const k6Summary = z.object({
  metrics: z.object({
    iterations: z.object({ count: z.int().positive(), rate: z.number().positive() }),
    http_reqs: z.object({ count: z.int().positive() }),
    /** Milliseconds. */
    http_req_duration: z.object({ avg: z.number(), med: z.number(), 'p(99)': z.number() }),
    /** The share of requests that failed; k6 itself ends well whatever it is. */
    http_req_failed: z.object({ value: z.number() }),
  }),
});

/** A run from what k6 exports with `--summary-export`. At a constant rate it has no time per request. Throws Error. */
export function k6Run(text: string, ratePerSecond: number | null): UsualRun {
  const { metrics } = k6Summary.parse(JSON.parse(text));
  const { iterations, http_reqs, http_req_duration: duration, http_req_failed: failed } = metrics;
  if (failed.value > 0)
    throw failedRequests('k6', Math.round(failed.value * http_reqs.count), http_reqs.count);
  return {
    requests: http_reqs.count,
    micros: {
      ...(ratePerSecond === null ? { 'time.per_request': 1e6 / iterations.rate } : {}),
      'latency.mean': duration.avg * 1000,
      'latency.p50': duration.med * 1000,
      'latency.p99': duration['p(99)'] * 1000,
    },
  };
}

function failedRequests(generator: string, failed: number, all: number): Error {
  return new Error(
    `${failed} of ${all} requests of ${generator} failed, so that its figures say nothing; see whether the chain's processes lived`,
  );
}
