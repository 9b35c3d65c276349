/** What a process can say of its own event loop: how busy it was, how late its timers fired, and how long it collected. */
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import type { EventLoop } from '../record/index.js';

/** The meter's own timer asks for this; Node reports what lies between two of its firings, so it is taken off again. */
const TIMER_MS = 1;
/** Firings below which a 99th percentile has nothing above it. */
const FEWEST_FIRINGS = 100;

export interface EventLoopReading {
  readonly eventLoop: EventLoop;
  readonly gcCycles: number;
}

export interface EventLoopMeter {
  /** Begins to measure, or begins anew. */
  start(): void;
  /** What was measured since `start`. Its timer runs no longer then. */
  stop(): EventLoopReading;
}

/** Measures the process that it is called in: the utilisation is a share of 1, durations are ns, CPU is of all threads. */
export function createEventLoopMeter(): EventLoopMeter {
  const delay = monitorEventLoopDelay({ resolution: TIMER_MS });
  let gcCycles = 0;
  let gcMs = 0;
  const count = (entries: readonly { readonly duration: number }[]) => {
    gcCycles += entries.length;
    for (const { duration } of entries) gcMs += duration;
  };
  const collections = new PerformanceObserver((list) => count(list.getEntries()));
  collections.observe({ entryTypes: ['gc'] });
  let cpuAtStart = process.cpuUsage();
  let loopAtStart = performance.eventLoopUtilization();

  return {
    start: () => {
      // What was collected before and not yet told belongs to what went before.
      collections.takeRecords();
      gcCycles = 0;
      gcMs = 0;
      delay.reset();
      delay.enable();
      cpuAtStart = process.cpuUsage();
      loopAtStart = performance.eventLoopUtilization();
    },
    stop: () => {
      const cpu = process.cpuUsage(cpuAtStart);
      const { utilization } = performance.eventLoopUtilization(loopAtStart);
      delay.disable();
      count(collections.takeRecords());
      const late = delay.percentile(99) - TIMER_MS * 1e6;
      return {
        eventLoop: {
          utilisation: utilization,
          delayP99Ns: delay.count < FEWEST_FIRINGS ? null : Math.max(0, late),
          gcNs: Math.round(gcMs * 1e6),
          cpuNs: (cpu.user + cpu.system) * 1000,
        },
        gcCycles,
      };
    },
  };
}
