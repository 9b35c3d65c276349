/** Reads what wrk and wrk2 print. wrk2's output is wrk's with calibration lines and the spectrum of a HdrHistogram. */
import { ImportFault } from './fault.js';
import type { Told, ToldLatency, ToolOutput } from './tool-output.js';

const UNIT_NS: Readonly<Record<string, number>> = { us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const DURATION = '([\\d.]+)(us|ms|s|m|h)';

/** Lines that only wrk2 prints. */
export const WRK2_MARK = /^\s*(Thread calibration:|Latency Distribution \(HdrHistogram)/m;
export const WRK_MARK = /^Running \S+ test @ /m;

/** Throws ImportFault. */
export function readWrk(file: string, text: string): ToolOutput {
  return readOutput(file, text, 'wrk');
}

/** Throws ImportFault. */
export function readWrk2(file: string, text: string): ToolOutput {
  return readOutput(file, text, 'wrk2');
}

function readOutput(file: string, text: string, tool: 'wrk' | 'wrk2'): ToolOutput {
  const lines = text.split(/\r?\n/);
  const find = (pattern: RegExp) => {
    const index = lines.findIndex((line) => pattern.test(line));
    return index === -1 ? null : { line: index + 1, match: pattern.exec(lines[index] ?? '') };
  };
  const need = (pattern: RegExp, what: string): RegExpExecArray => {
    const found = find(pattern)?.match;
    if (found) return found;
    throw new ImportFault(
      `${file}:${lines.length}: ${tool}${what} is missing, so the output is cut off or not ${tool}'s; give all that ${tool} printed`,
    );
  };
  const [, target = ''] = need(/^Running \S+ test @ (\S+)/, '’s first line “Running … test @ URL”');
  const [, , connections] = need(
    /^\s+(\d+) threads and (\d+) connections/,
    '’s line of threads and connections',
  );
  const done = need(new RegExp(`^\\s+(\\d+) requests in ${DURATION}, `), '’s line “… requests in …”');
  const [, rate] = need(/^Requests\/sec:\s+([\d.]+)/, '’s line “Requests/sec”');
  need(/^Transfer\/sec:\s+\S+/, '’s line “Transfer/sec”');
  const requests = Number(done[1]);
  const row = find(new RegExp(`^\\s+Latency\\s+${DURATION}\\s+${DURATION}\\s+${DURATION}\\s`))?.match;
  const spectrum = tool === 'wrk2' ? readSpectrum(file, lines) : null;
  const percentiles = new Map([...readDistribution(lines), ...(spectrum?.percentiles ?? [])]);
  const samples = spectrum?.samples ?? requests;
  const errors = readErrors(lines);
  return {
    tool,
    toolVersion: null,
    target,
    startedAt: null,
    seconds: nanoseconds(done[2], done[3]) / 1e9,
    connections: Number(connections),
    model: tool === 'wrk2' ? 'open' : 'closed',
    offeredRatePerSecond: null,
    timedFrom: tool === 'wrk2' ? 'intended' : 'send',
    requests,
    samples,
    errors,
    latency: {
      kind: 'percentiles',
      points: [...percentiles]
        .map(([quantile, { ns }]) => ({ quantile, ns }))
        .sort((a, b) => a.quantile - b.quantile),
    },
    percentiles,
    maxNs: spectrum?.maxNs ?? (row ? nanoseconds(row[5], row[6]) : null),
    throughput: { value: Number(rate) },
    errorRate: errorRate(tool, requests, errors),
    ownLimits: tool === 'wrk2' ? wrk2Limits(requests, samples) : WRK_LIMITS,
  };
}

const WRK_LIMITS = [
  'wrk put samples that were never measured into its latencies: it guesses what requests would have waited behind each slow one (its correction for coordinated omission)',
  'wrk leaves requests that took longer than its timeout out of its latencies',
  'wrk prints latencies with two decimals of their unit, and no percentile but 50, 75, 90 and 99',
];

function wrk2Limits(requests: number, samples: number): string[] {
  return [
    'wrk2 does not print the rate it was asked for, so that what it achieved cannot be held against it',
    'wrk2 places its requests to about a millisecond, which is in every latency',
    ...(samples < requests
      ? [
          `wrk2’s latencies are of ${samples} of its ${requests} requests: it takes none while it calibrates, in its first seconds`,
        ]
      : []),
  ];
}

function nanoseconds(number: string | undefined, unit: string | undefined): number {
  return Number(number) * (UNIT_NS[unit ?? ''] ?? Number.NaN);
}

/** The first list of percentiles: of wrk2's two, the one that counts from the intended time. */
function readDistribution(lines: readonly string[]): Map<number, ToldLatency> {
  const found = new Map<number, ToldLatency>();
  const start = lines.findIndex((line) => /^\s*Latency Distribution/.test(line));
  if (start === -1) return found;
  const entry = new RegExp(`^\\s*([\\d.]+)%\\s+${DURATION}\\s*$`);
  for (const line of lines.slice(start + 1)) {
    const match = entry.exec(line);
    if (match === null) break;
    const quantile = Number((Number(match[1]) / 100).toPrecision(12));
    found.set(quantile, { ns: nanoseconds(match[2], match[3]), within: null });
  }
  return found;
}

interface Spectrum {
  readonly percentiles: Map<number, ToldLatency>;
  readonly samples: number;
  readonly maxNs: number;
}

/** The first spectrum, in milliseconds; null where wrk2 was not asked for one. Throws ImportFault where it breaks off. */
function readSpectrum(file: string, lines: readonly string[]): Spectrum | null {
  const start = lines.findIndex((line) => /^\s*Detailed Percentile spectrum/.test(line));
  if (start === -1) return null;
  const percentiles = new Map<number, ToldLatency>();
  for (const [offset, line] of lines.slice(start + 1).entries()) {
    const end = /^#?\[Max\s+=\s+([\d.]+), Total count\s+=\s+(\d+)\]/.exec(line);
    if (end !== null) return { percentiles, samples: Number(end[2]), maxNs: Number(end[1]) * 1e6 };
    const row = /^\s+([\d.]+)\s+([01]\.\d+)\s+(\d+)\s+([\d.]+|inf)\s*$/.exec(line);
    if (row !== null) percentiles.set(Number(row[2]), { ns: Number(row[1]) * 1e6, within: null });
    else if (!/^\s*$|^\s*Value\s+Percentile|^#?\[Mean/.test(line)) {
      throw new ImportFault(
        `${file}:${start + 2 + offset}: this is no line of wrk2's spectrum: ${line.trim().slice(0, 60)}; give all that wrk2 printed`,
      );
    }
  }
  throw new ImportFault(
    `${file}:${lines.length}: wrk2's spectrum is cut off before its line “Max … Total count”; give all that wrk2 printed`,
  );
}

/** Causes with a count above 0; wrk prints these lines only where something failed. */
function readErrors(lines: readonly string[]): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const line of lines) {
    const sockets = /^\s+Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(line);
    const status = /^\s+Non-2xx or 3xx responses: (\d+)/.exec(line);
    const counts =
      sockets === null
        ? [['status', status?.[1]] as const]
        : (['connect', 'read', 'write', 'timeout'] as const).map(
            (cause, index) => [cause, sockets[index + 1]] as const,
          );
    for (const [cause, count] of counts) {
      if (count !== undefined && Number(count) > 0) errors[cause] = Number(count);
    }
  }
  return errors;
}

function errorRate(tool: 'wrk' | 'wrk2', requests: number, errors: Readonly<Record<string, number>>): Told {
  const { connect = 0, read = 0, write = 0, timeout = 0, status = 0 } = errors;
  if (tool === 'wrk2' && timeout > 0) {
    return { reason: 'wrk2 counts a request that hangs as a timeout again at each look' };
  }
  // Requests that a socket failed are in no other count; timeouts and bad answers are among the requests.
  const sent = requests + connect + read + write;
  return sent === 0
    ? { reason: 'no request was made' }
    : { value: (connect + read + write + timeout + status) / sent };
}
