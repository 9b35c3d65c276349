/** The k6 driver: slices of seconds, each by a k6 of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeExit,
  EnvironmentFault,
  type Exit,
  findProgram,
  howToGet,
  type ProcessHost,
  programVersion,
  type StartedProcess,
  systemClock,
} from '../host/index.js';
import { createLatencyRecorder, type ErrorCounts } from '../record/index.js';
import { createK6Reader, type K6Sample } from './k6-samples.js';
import { type K6Load, k6Script } from './k6-script.js';

export interface K6SliceOrder {
  /** `host:port`. */
  readonly address: string;
  readonly warmupMs: number;
  readonly durationMs: number;
}

export interface K6Result {
  readonly startedAtMicros: number;
  readonly endedAtMicros: number;
  readonly warmupRequests: number;
  /** Of the measured part. */
  readonly requests: number;
  readonly errors: ErrorCounts;
  readonly bytesReceived: number;
  readonly latency: string;
  /** Iterations of the measured part that were due and never sent, since every connection was busy. */
  readonly dropped: number;
  readonly portsExhausted: number;
  /** All requests of the slice, those before and after the measured part included. */
  readonly sent: number;
  readonly failed: string | null;
}

export interface K6Driver {
  readonly version: string;
  readonly load: K6Load;
  /**
   * Runs one slice. `onEdge` is called with k6's process while load flows, just before counting starts and just after
   * it ended. Throws DRIVER_EXITED and DRIVER_PROTOCOL.
   */
  runSlice(
    order: K6SliceOrder,
    onEdge: (edge: 'start' | 'end', pid: number) => Promise<void>,
  ): Promise<K6Result>;
}

/** How long k6 may take until its first request is over, its own start and a script's `setup` included. */
const START_LIMIT_MS = 30_000;
/** How long it may take to end and to write what it still holds. */
const END_LIMIT_MS = 5000;
/** Failed requests without one answer between them after which a target counts as dead, per connection. */
const FAILURES_PER_CONNECTION = 5;
/** What k6 exits with when it is asked to end. */
const ASKED_TO_END = 105;

/** What k6's exit codes say (https://pkg.go.dev/go.k6.io/k6/errext/exitcodes). */
const EXIT_CODES: Readonly<Record<number, string>> = {
  99: 'thresholds were crossed',
  100: 'its setup took too long',
  102: 'its setup, teardown or a check of it took too long',
  104: 'its configuration is invalid',
  106: 'its control server could not start',
  107: 'the script threw an exception',
  108: 'the script aborted the test',
  109: 'k6 itself panicked',
  110: 'the script marked the test as failed',
};

/**
 * A driver whose k6 runs on the generator's cores and, where there is one, in the clients' cgroup. Its script is written
 * into `folder`. Throws PROGRAM_MISSING.
 */
export function createK6Driver(
  host: ProcessHost,
  cores: readonly number[],
  cgroup: string | null,
  folder: string,
  load: K6Load,
): K6Driver {
  const program = findProgram('k6');
  if (program === null)
    throw new EnvironmentFault('PROGRAM_MISSING', `there is no k6 here: ${howToGet('k6')}`);
  const script = join(folder, 'k6-script.js');
  const config = join(folder, 'k6-config.json');
  writeFileSync(script, k6Script(load));
  // In place of the user's own, which may say anything.
  writeFileSync(config, '{}\n');
  const argv = [
    ...[program, 'run', '--quiet', '--no-color', '--no-usage-report', '--no-thresholds'],
    // An empty address leaves k6's control server out, whose port may be taken.
    ...['--summary-mode=disabled', '--address', '', '--config', config, '--out', 'json=-', script],
  ];
  const start: Place['start'] = ({ address, warmupMs, durationMs }, onLine) =>
    host.start({
      argv,
      cores,
      cgroup,
      env: {
        ...withoutOwnSettings(process.env),
        MESHMARK_TARGET: address,
        MESHMARK_WARMUP_MS: String(Math.round(warmupMs)),
        MESHMARK_MEASURED_MS: String(Math.round(durationMs)),
      },
      onLine,
    });
  return {
    version: programVersion('k6', program),
    load,
    runSlice: (order, onEdge) => runSlice({ host, load, start }, order, onEdge),
  };
}

/** Variables of k6's own would go before the script's options: each that is set is emptied. */
function withoutOwnSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.keys(env).flatMap((key) => (key.startsWith('K6_') ? [[key, '']] : [])));
}

interface Place {
  readonly host: ProcessHost;
  readonly load: K6Load;
  readonly start: (order: K6SliceOrder, onLine: (line: string) => void) => StartedProcess;
}

async function runSlice(
  { host, load, start }: Place,
  order: K6SliceOrder,
  onEdge: (edge: 'start' | 'end', pid: number) => Promise<void>,
): Promise<K6Result> {
  const { warmupMs, durationMs } = order;
  const counts = createCounts(load);
  const child = start(order, counts.onLine);
  const died = child.exited.then((exit): never => {
    throw counts.fault() ?? exitFault(child, exit);
  });
  died.catch(() => undefined);
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
  // Whatever ends the slice early: a fault of k6's, or a target that is dead.
  const unless = <Result>(wanted: Promise<Result>) => Promise.race([wanted, counts.gaveUp, died]);
  const silent = setTimeout(() => {
    counts.giveUp(`k6 sent no request in ${START_LIMIT_MS / 1000} s; ${lastLines(child)}`);
  }, START_LIMIT_MS);
  try {
    await Promise.race([counts.flowing, died]);
    clearTimeout(silent);
    await unless(sleep(counts.firstMicros() / 1000 + warmupMs - Date.now()));
    await onEdge('start', child.pid);
    counts.start();
    const startedAtMicros = systemClock.nowMicros();
    await unless(sleep(durationMs));
    counts.end();
    const endedAtMicros = systemClock.nowMicros();
    await onEdge('end', child.pid);
    const early = child.exit();
    await host.end(child, END_LIMIT_MS);
    const exit = early ?? (await child.exited);
    const fault = counts.fault();
    if (fault !== null) throw fault;
    if (counts.result().failed === null && exit.code !== ASKED_TO_END) throw exitFault(child, exit);
    return { startedAtMicros, endedAtMicros, ...counts.result() };
  } finally {
    clearTimeout(silent);
    await host.end(child, END_LIMIT_MS);
  }
}

function lastLines(child: StartedProcess): string {
  return `its last lines: ${child.logTail().slice(-5).join(' | ') || 'none'}`;
}

function exitFault(child: StartedProcess, exit: Exit): EnvironmentFault {
  const meaning = exit.code === null ? undefined : EXIT_CODES[exit.code];
  const how = `${describeExit(exit)}${meaning === undefined ? '' : `, ${meaning}`}`;
  return new EnvironmentFault('DRIVER_EXITED', `k6 ended: ${how}; ${lastLines(child)}`);
}

/** Counts a slice's samples as they come. k6 hands them over late, so that it is their own time that places them. */
function createCounts({ connections, timeoutMs }: K6Load) {
  const read = createK6Reader();
  const recorder = createLatencyRecorder();
  const errors = { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 };
  let [requests, warmupRequests, sent, bytesReceived, dropped, portsExhausted] = [0, 0, 0, 0, 0, 0];
  let failuresInARow = 0;
  let [startMicros, endMicros] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let firstMicros: number | null = null;
  let failed: string | null = null;
  let fault: EnvironmentFault | null = null;
  const [flowing, onFlowing] = signal();
  const [gaveUp, onGaveUp] = signal();

  const giveUp = (reason: string) => {
    failed ??= reason;
    onFlowing();
    onGaveUp();
  };

  const onRequest = (sample: Extract<K6Sample, { type: 'request' }>) => {
    const { atMicros, error, latencyNs } = sample;
    if (firstMicros === null) {
      firstMicros = atMicros;
      onFlowing();
    }
    sent += 1;
    failuresInARow = error === null || error.cause === 'status' ? 0 : failuresInARow + 1;
    if (failuresInARow > FAILURES_PER_CONNECTION * connections && error !== null) giveUp(error.message);
    if (atMicros < startMicros) warmupRequests += 1;
    if (atMicros < startMicros || atMicros >= endMicros) return;
    requests += 1;
    if (error === null || error.cause === 'status') recorder.record(latencyNs);
    if (error === null) return;
    errors[error.cause] += 1;
    if (error.portsExhausted) portsExhausted += 1;
    if (error.cause === 'timeout') recorder.record(timeoutMs * 1e6);
  };

  return {
    flowing,
    gaveUp,
    giveUp,
    onLine: (line: string) => {
      if (fault !== null) return;
      try {
        const sample = read(line);
        if (sample === null) return;
        const measured = sample.atMicros >= startMicros && sample.atMicros < endMicros;
        if (sample.type === 'request') onRequest(sample);
        else if (measured && sample.type === 'received') bytesReceived += sample.bytes;
        else if (measured && sample.type === 'dropped') dropped += sample.iterations;
      } catch (cause) {
        fault = new EnvironmentFault(
          'DRIVER_PROTOCOL',
          cause instanceof Error ? cause.message : String(cause),
        );
        onFlowing();
        onGaveUp();
      }
    },
    fault: () => fault,
    /** When the first request was over; now, where none was. */
    firstMicros: () => firstMicros ?? Date.now() * 1000,
    start: () => {
      startMicros = Date.now() * 1000;
    },
    end: () => {
      endMicros = Date.now() * 1000;
    },
    result: () => ({
      requests,
      warmupRequests,
      sent,
      errors,
      bytesReceived,
      dropped,
      portsExhausted,
      failed,
      latency: recorder.encode(),
    }),
  };
}

function signal(): readonly [Promise<void>, () => void] {
  let raise: () => void = () => undefined;
  const raised = new Promise<void>((resolve) => {
    raise = resolve;
  });
  return [raised, () => raise()];
}
