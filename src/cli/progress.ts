/** Progress of a run: a live line on a terminal, a plain line per round elsewhere. */
import type { Plan } from '../plan/index.js';
import { decodeHistogram, quantileNs, type SliceRecord, type StepRecord } from '../record/index.js';
import type { ProgressEvent } from '../runner/index.js';
import type { RunRequest } from './perform-run.js';
import type { Terminal } from './terminal.js';

export interface ProgressView {
  onProgress(event: ProgressEvent): void;
}

interface Tally {
  /** p99 of the last long slice, in ms. */
  p99Ms: number | null;
  cpuNs: number;
  requests: number;
}

/** What a run tells of its progress, shown on the terminal from when it is known who stands. */
export function watching(
  terminal: Terminal,
  plan: Pick<Plan, 'estimatedSeconds'>,
): Pick<RunRequest, 'onStanding' | 'onProgress'> {
  let view: ProgressView | null = null;
  return {
    onStanding: (roles) => {
      view = createProgressView(terminal, plan.estimatedSeconds, roles, () => performance.now());
    },
    onProgress: (event) => view?.onProgress(event),
  };
}

/**
 * A view that shows which slice of what is being measured, what is left, and per variant the last p99 and the data
 * plane's CPU per request so far. `dataPlaneRoles` tells which processes count, by variant. Everything it computes it
 * computes between slices.
 */
export function createProgressView(
  terminal: Terminal,
  plannedSeconds: number,
  dataPlaneRoles: ReadonlyMap<string, readonly string[]>,
  nowMs: () => number,
): ProgressView {
  const startedMs = nowMs();
  const tallies = new Map<string, Tally>();
  let where = 'standing variants up';
  let measured = 0;

  const take = (slice: SliceRecord) => {
    measured += 1;
    const tally = tallies.get(slice.variant) ?? { p99Ms: null, cpuNs: 0, requests: 0 };
    tallies.set(slice.variant, tally);
    const roles = dataPlaneRoles.get(slice.variant) ?? [];
    for (const edge of slice.cpu) if (roles.includes(edge.role)) tally.cpuNs += edge.endNs - edge.startNs;
    tally.requests += slice.requests;
    // Decoding costs too much to do it for slices of milliseconds.
    if (slice.track !== 'micro' && slice.latency !== null && slice.requests >= 100) {
      tally.p99Ms = quantileNs(decodeHistogram(slice.latency), 0.99) / 1e6;
    }
  };

  const takeStep = (step: StepRecord) => {
    measured += 1;
    const tally = tallies.get(step.variant) ?? { p99Ms: null, cpuNs: 0, requests: 0 };
    tallies.set(step.variant, tally);
    const roles = dataPlaneRoles.get(step.variant) ?? [];
    for (const edge of step.cpu) if (roles.includes(edge.role)) tally.cpuNs += edge.endNs - edge.startNs;
    tally.requests += step.requests;
    if (step.latency !== null && step.requests > 0) {
      tally.p99Ms = quantileNs(decodeHistogram(step.latency), 0.99) / 1e6;
    }
  };

  const line = () => {
    const elapsed = (nowMs() - startedMs) / 1000;
    const left = Math.max(0, plannedSeconds - elapsed);
    const share = Math.min(1, elapsed / plannedSeconds);
    const bar = '█'.repeat(Math.round(share * 20)).padEnd(20, '░');
    return `${bar} ${where}, about ${left.toFixed(0)} s left · ${variants().join(' · ')}`;
  };

  const variants = () =>
    [...tallies].map(([variant, tally]) => {
      const cpu = tally.requests === 0 ? '–' : `${(tally.cpuNs / 1000 / tally.requests).toFixed(0)} µs CPU`;
      return `${variant} ${tally.p99Ms === null ? '' : `p99 ${tally.p99Ms.toFixed(2)} ms, `}${cpu}`;
    });

  return {
    onProgress: (event) => {
      switch (event.type) {
        case 'control':
          where = `the generator, against a service that waits ${event.delayMs} ms`;
          break;
        case 'deploying':
          where = `fresh processes ${event.replica + 1} of ${event.replicas}`;
          break;
        case 'round': {
          const before = where;
          where = `round ${event.round + 1} of ${event.rounds}, ${event.part}`;
          const newRound = before.split(',')[0] !== where.split(',')[0];
          if (!terminal.interactive && newRound)
            terminal.note(`${where.split(',')[0]} · ${measured} slices measured`);
          break;
        }
        case 'variant-failed':
          terminal.note(`variant ${event.variant} failed: ${event.reason}; the others go on`);
          break;
        case 'variant-unavailable':
          terminal.note(`variant ${event.variant} unavailable: ${event.reason}; the others go on`);
          break;
        case 'step':
          takeStep(event.step);
          break;
        case 'slice':
          take(event.slice);
          // A terminal write between slices of milliseconds would be felt on the generator's core.
          if (event.slice.track === 'micro') return;
          break;
      }
      terminal.status(line());
    },
  };
}
