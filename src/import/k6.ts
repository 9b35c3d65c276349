/**
 * Reads what k6 writes: `--out json=FILE`, a line for each measured value, from which the whole distribution is known;
 * and a summary of the end (`--summary-export`, or `JSON.stringify` of what `handleSummary` gets), from which it is not.
 */
import { z } from 'zod';
import { createLatencyRecorder, decodeHistogram, quantileNs } from '../record/index.js';
import { ImportFault } from './fault.js';
import { inShape, parseJson } from './json.js';
import type { ToldLatency, ToolOutput } from './tool-output.js';

const OWN_LIMITS = [
  'k6 times a request from when it was sent, and leaves out how long it waited for a connection or for a free virtual user',
];

/** What one line of `--out json` measured. */
const point = z.object({
  type: z.literal('Point'),
  metric: z.string(),
  data: z.object({
    time: z.string(),
    value: z.number(),
    tags: z.looseObject({ url: z.string().optional() }).nullish(),
  }),
});

const DURATIONS = ['http_req_duration', 'grpc_req_duration'] as const;
const WANTED = [...DURATIONS, 'http_req_failed', 'dropped_iterations', 'vus_max'];
/** Only lines that name one of these need to be parsed; a request has some ten others. */
const WANTED_LINE = new RegExp(`"(${WANTED.join('|')})"`);

/** Whether a first line is one of `--out json`. */
export function isK6Line(line: string): boolean {
  return /^\{.*"type":\s*"(Metric|Point)"/.test(line);
}

/** Reads lines as they come. Throws ImportFault with the line's number. */
export async function readK6Lines(file: string, lines: AsyncIterable<string>): Promise<ToolOutput> {
  const recorder = createLatencyRecorder();
  let number = 0;
  let failed = 0;
  let dropped = 0;
  let unknownOutcomes = 0;
  let mostUsers: number | null = null;
  let target: string | null = null;
  let metric: string | null = null;
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  let broken: ImportFault | null = null;
  let lastUnread: string | null = null;
  for await (const line of lines) {
    // Only the last line can be cut off; one in the middle is damage.
    if (broken !== null) throw new ImportFault(broken.message.replace('is cut off', 'is damaged'));
    number += 1;
    if (line.trim() === '') continue;
    if (!line.startsWith('{') || !line.trimEnd().endsWith('}')) {
      broken = new ImportFault(`${file}:${number}: the line is cut off; give the file as k6 finished it`);
      continue;
    }
    lastUnread = WANTED_LINE.test(line) ? null : line;
    if (lastUnread !== null) continue;
    const json = parseJson(file, line, number);
    const read = point.safeParse(json);
    // Lines of the type Metric only declare one.
    if (!read.success) {
      if (z.object({ type: z.literal('Metric') }).safeParse(json).success) continue;
      inShape(`${file}:${number}`, point, json, 'k6');
      continue;
    }
    const { data } = read.data;
    if (DURATIONS.some((one) => one === read.data.metric)) {
      metric ??= read.data.metric;
      if (metric !== read.data.metric) continue;
      const at = Date.parse(data.time);
      if (Number.isNaN(at) || data.value < 0) {
        throw new ImportFault(
          `${file}:${number}: a time or a duration of it cannot be read; give the file as k6 wrote it`,
        );
      }
      recorder.record(data.value * 1e6);
      startMs = Math.min(startMs, at - data.value);
      endMs = Math.max(endMs, at);
      target ??= data.tags?.url ?? null;
    } else if (read.data.metric === 'http_req_failed') {
      unknownOutcomes += 1;
      failed += data.value;
    } else if (read.data.metric === 'dropped_iterations') dropped += data.value;
    else mostUsers = Math.max(mostUsers ?? 0, data.value);
  }
  if (broken !== null) throw broken;
  // A line may be cut off behind a brace that ends a part of it.
  if (lastUnread !== null) parseJson(file, lastUnread, number);
  if (recorder.count === 0) {
    throw new ImportFault(
      `${file}: it holds no http_req_duration and no grpc_req_duration; give a file of a test that made requests`,
    );
  }
  const encoded = recorder.encode();
  const histogram = decodeHistogram(encoded);
  const seconds = (endMs - startMs) / 1000;
  const told = (ns: number): ToldLatency => ({ ns, within: null });
  return {
    ...common(dropped),
    target,
    startedAt: new Date(startMs).toISOString(),
    seconds,
    connections: mostUsers,
    requests: recorder.count,
    samples: recorder.count,
    errors: errorsOf(unknownOutcomes === 0 ? null : failed, dropped),
    latency: { kind: 'histogram', encoded },
    percentiles: new Map(
      [0.5, 0.75, 0.9, 0.95, 0.99, 0.999].map((quantile) => [
        quantile,
        told(quantileNs(histogram, quantile)),
      ]),
    ),
    maxNs: quantileNs(histogram, 1),
    throughput:
      seconds > 0 ? { value: recorder.count / seconds } : { reason: 'all requests ended at the same moment' },
    errorRate:
      unknownOutcomes === 0
        ? { reason: 'k6 counts failures of HTTP alone' }
        : { value: failed / unknownOutcomes },
    ownLimits: [...OWN_LIMITS, ...droppedLimit(dropped)],
  };
}

const numbers = z.record(z.string(), z.unknown());
const summary = z.object({ metrics: z.record(z.string(), numbers) });

/** Whether a JSON document looks like a summary of k6's. */
export function isK6Summary(value: unknown): boolean {
  return summary.safeParse(value).success;
}

/** Throws ImportFault. */
export function readK6Summary(file: string, text: string): ToolOutput {
  const { metrics } = inShape(file, summary, parseJson(file, text), 'k6');
  const of = (name: string) => valuesOf(metrics[name]);
  const name = DURATIONS.find((one) => metrics[one] !== undefined);
  if (name === undefined) {
    throw new ImportFault(
      `${file}: it has neither http_req_duration nor grpc_req_duration; give the summary of a test that made requests`,
    );
  }
  const durations = of(name);
  const { count, rate } = name === 'http_req_duration' ? of('http_reqs') : of('iterations');
  if (count === undefined || rate === undefined || !(count >= 0) || !(rate >= 0)) {
    throw new ImportFault(
      `${file}: it does not say how many requests there were; give the summary as k6 wrote it`,
    );
  }
  const percentiles = new Map<number, ToldLatency>();
  for (const [key, valueMs] of Object.entries(durations)) {
    const percent = key === 'med' ? '50' : /^p\(([\d.]+)\)$/.exec(key)?.[1];
    if (percent === undefined || valueMs === undefined) continue;
    const quantile = Number((Number(percent) / 100).toPrecision(12));
    percentiles.set(quantile, { ns: valueMs * 1e6, within: null });
  }
  const failures = of('http_req_failed');
  const share = failures.value ?? failures.rate;
  const dropped = of('dropped_iterations').count ?? 0;
  return {
    ...common(dropped),
    target: null,
    startedAt: null,
    seconds: rate > 0 ? count / rate : null,
    connections: of('vus_max').max ?? of('vus_max').value ?? null,
    requests: count,
    samples: count,
    errors: errorsOf(share === undefined ? null : Math.round(share * count), dropped),
    latency: {
      kind: 'percentiles',
      points: [...percentiles]
        .map(([quantile, { ns }]) => ({ quantile, ns }))
        .sort((a, b) => a.quantile - b.quantile),
    },
    percentiles,
    maxNs: durations.max === undefined ? null : durations.max * 1e6,
    throughput: { value: rate },
    errorRate: share === undefined ? { reason: 'the summary has no http_req_failed' } : { value: share },
    ownLimits: [
      ...OWN_LIMITS,
      'a summary of k6’s holds the percentiles that --summary-trend-stats asked for and no others; --out json=FILE holds every request',
      ...droppedLimit(dropped),
    ],
  };
}

/** `--summary-export` puts a metric's numbers into it, `handleSummary` into its `values`. */
function valuesOf(metric: z.infer<typeof numbers> | undefined): Readonly<Record<string, number | undefined>> {
  const inner = numbers.safeParse(metric?.values);
  const values = inner.success ? inner.data : (metric ?? {});
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (typeof value === 'number' ? [[key, value]] : [])),
  );
}

function common(dropped: number) {
  return {
    tool: 'k6',
    toolVersion: null,
    // Which executor ran is not in the output; only those that keep a rate can drop iterations.
    model: dropped > 0 ? 'open' : null,
    offeredRatePerSecond: null,
    timedFrom: 'send',
  } as const;
}

function errorsOf(failed: number | null, dropped: number): Record<string, number> {
  return {
    ...(failed === null || failed === 0 ? {} : { failed }),
    ...(dropped === 0 ? {} : { 'dropped iterations': dropped }),
  };
}

function droppedLimit(dropped: number): string[] {
  return dropped === 0
    ? []
    : [
        `k6 dropped ${dropped} iterations for want of a free virtual user: they were due and never sent, and no latency counts them`,
      ];
}
