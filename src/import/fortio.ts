/** Reads fortio's JSON result (`fortio load -json FILE`): counts in buckets, which are a millisecond wide by default. */
import { z } from 'zod';
import { ImportFault } from './fault.js';
import { inShape, parseJson } from './json.js';
import type { Told, ToldLatency, ToolOutput } from './tool-output.js';

const histogram = z.object({
  Count: z.int().nonnegative(),
  Min: z.number(),
  Max: z.number(),
  /** Seconds; null without samples. */
  Data: z.array(z.object({ Start: z.number(), End: z.number(), Count: z.int().nonnegative() })).nullable(),
  Percentiles: z.array(z.object({ Percentile: z.number(), Value: z.number() })).nullish(),
});

const result = z.object({
  RunType: z.string(),
  StartTime: z.string(),
  RequestedQPS: z.string(),
  ActualQPS: z.number().nonnegative(),
  /** Nanoseconds. */
  ActualDuration: z.number().nonnegative(),
  NumThreads: z.int().positive(),
  Version: z.string(),
  DurationHistogram: histogram,
  ErrorsDurationHistogram: histogram.nullish(),
  RetCodes: z.record(z.string(), z.int().nonnegative()).nullish(),
  URL: z.string().nullish(),
  Destination: z.string().nullish(),
  Resolution: z.number().nullish(),
});

/** Throws ImportFault. */
export function readFortio(file: string, text: string): ToolOutput {
  const read = inShape(file, result, parseJson(file, text), 'fortio');
  const { DurationHistogram: durations } = read;
  const buckets = durations.Data ?? [];
  const counted = buckets.reduce((sum, { Count }) => sum + Count, 0);
  if (counted !== durations.Count) {
    throw new ImportFault(
      `${file}: its buckets hold ${counted} of ${durations.Count} samples, so it is damaged; run fortio again`,
    );
  }
  const paced = Number(read.RequestedQPS);
  const offered = Number.isFinite(paced) && paced > 0 ? paced : null;
  const codes = Object.entries(read.RetCodes ?? {});
  const widthMs = (read.Resolution ?? 0.001) * 1000;
  return {
    tool: 'fortio',
    toolVersion: read.Version,
    target: read.URL ?? read.Destination ?? null,
    startedAt: Number.isNaN(Date.parse(read.StartTime)) ? null : new Date(read.StartTime).toISOString(),
    seconds: read.ActualDuration / 1e9,
    connections: read.NumThreads,
    model: offered === null ? 'closed' : 'paced',
    offeredRatePerSecond: offered,
    timedFrom: 'send',
    requests: durations.Count,
    samples: durations.Count,
    errors: Object.fromEntries(
      codes.filter(([code]) => !succeeded(code)).map(([code, n]) => [`code ${code}`, n]),
    ),
    latency: {
      kind: 'buckets',
      fromNs: buckets.map(({ Start }) => Math.round(Start * 1e9)),
      toNs: buckets.map(({ End }) => Math.round(End * 1e9)),
      counts: buckets.map(({ Count }) => Count),
    },
    percentiles: new Map(
      (durations.Percentiles ?? []).map(({ Percentile, Value }): [number, ToldLatency] => [
        Number((Percentile / 100).toPrecision(12)),
        { ns: Value * 1e9, within: bucketOf(Percentile, durations.Count, buckets) },
      ]),
    ),
    maxNs: durations.Count === 0 ? null : durations.Max * 1e9,
    throughput: { value: read.ActualQPS },
    errorRate: errorRate(read),
    ownLimits: [
      `fortio kept its latencies in buckets, the narrowest ${Number(widthMs.toPrecision(3))} ms wide, and interpolated its percentiles inside them: the true ones lie between the edges shown`,
      ...(offered === null
        ? []
        : [
            `fortio asked for ${offered} requests/s in a closed loop: a request that a slow answer held up is timed from when it was sent, not from when it was due`,
          ]),
    ],
  };
}

/** HTTP's 2xx and 3xx, and what gRPC's health check calls well. */
function succeeded(code: string): boolean {
  return /^[23]\d\d$/.test(code) || code === 'SERVING' || code === 'OK';
}

function errorRate({ DurationHistogram, ErrorsDurationHistogram, RetCodes }: z.infer<typeof result>): Told {
  const all = DurationHistogram.Count;
  if (all === 0) return { reason: 'no request was made' };
  if (ErrorsDurationHistogram) return { value: ErrorsDurationHistogram.Count / all };
  if (!RetCodes) return { reason: 'fortio wrote neither return codes nor errors' };
  const failed = Object.entries(RetCodes).reduce((sum, [code, n]) => sum + (succeeded(code) ? 0 : n), 0);
  return { value: failed / all };
}

/** Edges of the bucket that holds the percentile's sample. */
function bucketOf(
  percentile: number,
  total: number,
  buckets: readonly { readonly Start: number; readonly End: number; readonly Count: number }[],
): ToldLatency['within'] {
  const rank = Math.max(1, Math.ceil((percentile / 100) * total - 1e-9 * total));
  let seen = 0;
  for (const { Start, End, Count } of buckets) {
    seen += Count;
    if (seen >= rank) return { lowNs: Start * 1e9, highNs: End * 1e9 };
  }
  return null;
}
