/**
 * A process of its own that drives autocannon, so that its event loop carries nothing else.
 *
 * Latency comes from the client's `response` event (float milliseconds); autocannon's own summary is in whole
 * milliseconds. Closed loop only: autocannon's rate limit sends each second's quota in bursts, which is no
 * schedule.
 */
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { createLatencyRecorder } from '../record/index.js';
import { type AutocannonMessage, type AutocannonOrder, autocannonOrder } from './autocannon-messages.js';
import { createEventLoopMeter, type EventLoopReading } from './event-loop-meter.js';

/** How often autocannon looks whether it should stop; its default of a second would add that to each slice. */
const STOP_CHECK_MS = 20;
/** Failed requests without one answer between them after which a target counts as dead, per connection. */
const FAILURES_PER_CONNECTION = 5;
/** After so long a profiler is taken to wait for a signal. */
const PROFILER_IDLE_MS = 1000;

type SliceOrder = Extract<AutocannonOrder, { order: 'slice' }>;

interface Run {
  count(): void;
  stop(): void;
}

const meter = createEventLoopMeter();

let current: Run | null = null;

const [given] = process.argv.slice(2);
if (given === undefined) takeOrders();
else runAlone(autocannonOrder.parse(JSON.parse(given)));

function takeOrders(): void {
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const order = autocannonOrder.parse(JSON.parse(line));
      if (order.order === 'slice') current = startRun(order, say);
      else if (order.order === 'count') current?.count();
      else current?.stop();
    })
    .on('close', () => process.exit(0));
}

/** One slice, whose order is in the command line: a profiler gives its program no stdin. */
function runAlone(order: AutocannonOrder): void {
  if (order.order !== 'slice') return;
  const run = startRun(order, (message) => {
    say(message);
    if (message.message === 'warm') run.count();
    else if (message.message === 'counted') run.stop();
    // Some profilers write when nothing is left to do, others when they are told so, as by Ctrl-C.
    else setTimeout(tellProfiler, PROFILER_IDLE_MS).unref();
  });
  process.once('beforeExit', tellProfiler);
}

function tellProfiler(): void {
  process.kill(process.pid, 'SIGINT');
  // A signal comes with the next turn of the event loop, which must have one.
  setTimeout(() => undefined, PROFILER_IDLE_MS);
}

function say(message: AutocannonMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

function startRun(order: SliceOrder, tell: (message: AutocannonMessage) => void): Run {
  const recorder = createLatencyRecorder();
  const errors = { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 };
  let phase: 'warming' | 'waiting' | 'counting' | 'counted' = 'warming';
  let warmupRequests = 0;
  let requests = 0;
  let bytesReceived = 0;
  let failuresInARow = 0;
  let failed: string | null = null;
  let startedAtMicros = nowMicros();
  let endedAtMicros = startedAtMicros;
  let reading: EventLoopReading = {
    eventLoop: { utilisation: 0, delayP99Ns: null, gcNs: 0, cpuNs: 0 },
    gcCycles: 0,
  };

  const report = (refusal: unknown) => {
    if (refusal instanceof Error) {
      process.stderr.write(`autocannon refused its options: ${refusal.message}\n`);
      process.exit(1);
    }
    tell({
      message: 'result',
      startedAtMicros,
      endedAtMicros,
      requests,
      errors,
      bytesReceived,
      latency: recorder.encode(),
      ...reading,
      failed,
    });
  };

  const instance = autocannon(
    {
      url: order.url,
      connections: order.connections,
      // autocannon counts whole seconds; the harness says when to stop, this only bounds a lost harness.
      duration: Math.ceil((order.warmupMs + order.durationMs) / 1000) + 30,
      timeout: Math.max(1, Math.ceil(order.timeoutMs / 1000)),
      pipelining: 1,
      sampleInt: STOP_CHECK_MS,
    },
    report,
  );

  const endCounting = () => {
    if (phase !== 'counting') return;
    phase = 'counted';
    endedAtMicros = nowMicros();
    reading = meter.stop();
    tell({ message: 'counted' });
  };

  const endWarmup = () => {
    if (phase !== 'warming') return;
    phase = 'waiting';
    tell({ message: 'warm', warmupRequests });
  };

  const giveUp = (reason: string) => {
    if (failed !== null) return;
    failed = reason;
    endWarmup();
    endCounting();
  };

  instance.on('response', (_client, statusCode, resBytes, responseTimeMs) => {
    failuresInARow = 0;
    if (phase === 'warming') warmupRequests += 1;
    if (phase !== 'counting') return;
    requests += 1;
    bytesReceived += resBytes;
    if (statusCode >= 400) errors.status += 1;
    recorder.record(responseTimeMs * 1e6);
  });

  instance.on('reqError', (error: NodeJS.ErrnoException) => {
    failuresInARow += 1;
    if (phase === 'counting') {
      const cause = causeOf(error);
      errors[cause] += 1;
      requests += 1;
      if (cause === 'timeout') recorder.record(order.timeoutMs * 1e6);
    }
    if (failuresInARow > FAILURES_PER_CONNECTION * order.connections) giveUp(error.message);
  });

  setTimeout(endWarmup, order.warmupMs);

  return {
    count: () => {
      phase = 'counting';
      startedAtMicros = nowMicros();
      meter.start();
      if (failed === null) setTimeout(endCounting, order.durationMs);
      else endCounting();
    },
    stop: () => {
      instance.stop();
    },
  };
}

function causeOf(error: NodeJS.ErrnoException): 'connect' | 'reset' | 'timeout' {
  if (error.message.includes('timed out')) return 'timeout';
  return error.code === 'ECONNREFUSED' || error.syscall === 'connect' ? 'connect' : 'reset';
}
