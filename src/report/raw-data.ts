/** The data that the page carries along, so that another copy can be compared with it without the run folder. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Histogram, RunRecord, Track } from '../record/index.js';
import type { SliceFigures, VariantFigures } from './figures.js';

export const RAW_DATA_SCHEMA = 'meshmark.report-data/1';

export interface RawData {
  /** Gzip of the JSON, in base64. */
  readonly base64: string;
  /** Of the JSON before compression. */
  readonly sha256: string;
  readonly jsonBytes: number;
  readonly slices: number;
}

/** Columns of the slice table, in order; durations carry their unit. */
const COLUMNS = [
  'seq',
  'round',
  'block',
  'position',
  'track',
  'variant',
  'replica',
  'driver',
  'model',
  'startedAtMicros',
  'endedAtMicros',
  'warmupRequests',
  'requests',
  'errorsConnect',
  'errorsReset',
  'errorsTimeout',
  'errorsStatus',
  'errorsProtocol',
  'bytesReceived',
  'offeredRatePerSecond',
  'p50Ms',
  'p99Ms',
  'maxMs',
  'dataPlaneCpuMicrosPerRequest',
  'generatorCpuNs',
  'generatorGcCycles',
  'connectionWaits',
  'state',
  'reasons',
] as const;

/** Packs the record and all slices. The same input gives the same bytes. */
export function packRawData(run: RunRecord, figures: readonly VariantFigures[]): RawData {
  const slices = figures.flatMap((own) => own.slices).sort((a, b) => a.slice.seq - b.slice.seq);
  const json = Buffer.from(
    JSON.stringify({
      schema: RAW_DATA_SCHEMA,
      run,
      sliceColumns: COLUMNS,
      slices: slices.map(row),
      histograms: figures.flatMap((own) => histogramsOf(own)),
    }),
  );
  return {
    base64: gzipSync(json, { level: 6 }).toString('base64'),
    sha256: createHash('sha256').update(json).digest('hex'),
    jsonBytes: json.length,
    slices: slices.length,
  };
}

function row({ slice, state, p50Ms, p99Ms, maxMs, cpuMicrosPerRequest }: SliceFigures): readonly unknown[] {
  const { errors, generator } = slice;
  const values: Record<(typeof COLUMNS)[number], unknown> = {
    seq: slice.seq,
    round: slice.round,
    block: slice.block,
    position: slice.position,
    track: slice.track,
    variant: slice.variant,
    replica: slice.replica,
    driver: slice.driver,
    model: slice.model,
    startedAtMicros: slice.startedAtMicros,
    endedAtMicros: slice.endedAtMicros,
    warmupRequests: slice.warmupRequests,
    requests: slice.requests,
    errorsConnect: errors.connect,
    errorsReset: errors.reset,
    errorsTimeout: errors.timeout,
    errorsStatus: errors.status,
    errorsProtocol: errors.protocol,
    bytesReceived: slice.bytesReceived,
    offeredRatePerSecond: slice.offeredRatePerSecond,
    p50Ms,
    p99Ms,
    maxMs,
    dataPlaneCpuMicrosPerRequest:
      cpuMicrosPerRequest === null ? null : Number(cpuMicrosPerRequest.toPrecision(7)),
    generatorCpuNs: generator.cpuNs,
    generatorGcCycles: generator.gcCycles,
    connectionWaits: generator.connectionWaits,
    state,
    reasons:
      slice.status.state === 'failed'
        ? [slice.status.reason, ...slice.validity.reasons]
        : slice.validity.reasons,
  };
  return COLUMNS.map((column) => values[column]);
}

function histogramsOf(own: VariantFigures): readonly unknown[] {
  const packed = (track: Track, from: 'intended' | 'sent', histogram: Histogram) =>
    histogram.total === 0
      ? []
      : [
          {
            variant: own.id,
            track,
            from,
            total: histogram.total,
            valuesNsDeltas: deltas(histogram.valuesNs),
            counts: [...histogram.counts],
          },
        ];
  return [
    ...packed('micro', 'sent', own.latency.micro),
    ...packed('long', own.sendLatency.total > 0 ? 'intended' : 'sent', own.latency.long),
    ...packed('long', 'sent', own.sendLatency),
    ...packed('cross-check', 'sent', own.latency['cross-check']),
  ];
}

/** First value, then steps: small numbers, which compress to a third. The running sum gives the values back. */
function deltas(values: Float64Array): readonly number[] {
  return Array.from(values, (value, index) => value - (values[index - 1] ?? 0));
}
