/** What each of several load generators saw over a run, beside what all of them saw together. */
import {
  decodeHistogram,
  type Histogram,
  mergeHistograms,
  quantileNs,
  type SliceRecord,
  samplesAbove,
} from '../record/index.js';
import { counts } from './figures.js';

export interface AgentFigures {
  readonly variant: string;
  /** Its place, from 0; null for all of them together. */
  readonly agent: number | null;
  readonly nodes: readonly string[];
  /** Long slices, and in how many of them it answered and was lost. */
  readonly slices: number;
  readonly answered: number;
  readonly lost: number;
  readonly requests: number;
  readonly errors: number;
  /** Of the slices that count, in ms; null where there are too few samples. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly lagP99Ms: number | null;
  /** The latest that it began after the common start, and the least that its clock was known by. */
  readonly latestMs: number | null;
  readonly clockMs: number | null;
}

type LoadAgent = NonNullable<SliceRecord['agents']>[number];

/** For each variant its agents in their order and then all of them together, from long slices; empty where each had one generator. */
export function agentFigures(slices: readonly SliceRecord[]): AgentFigures[] {
  const variants = new Map<string, SliceRecord[]>();
  for (const slice of slices) {
    if (slice.agents === undefined || slice.track !== 'long') continue;
    variants.set(slice.variant, [...(variants.get(slice.variant) ?? []), slice]);
  }
  return [...variants].flatMap(([variant, own]) => {
    const most = Math.max(...own.map(({ agents = [] }) => agents.length));
    const each = Array.from({ length: most }, (_, agent) => {
      const parts = own.flatMap((slice) => {
        const part = slice.agents?.find((one) => one.agent === agent);
        return part === undefined ? [] : [{ slice, part }];
      });
      return ofAgent(variant, agent, parts);
    });
    return [...each, together(variant, own, each)];
  });
}

function ofAgent(
  variant: string,
  agent: number,
  parts: readonly { readonly slice: SliceRecord; readonly part: LoadAgent }[],
): AgentFigures {
  const valid = parts.filter(({ slice }) => counts(slice)).map(({ part }) => part);
  const all = parts.map(({ part }) => part);
  const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
  return {
    variant,
    agent,
    nodes: [...new Set(all.map(({ node }) => node))],
    slices: all.length,
    answered: all.filter(({ latency }) => latency !== null).length,
    lost: all.filter(({ lost }) => lost !== null).length,
    ...sumsOf(valid),
    ...percentilesOf(valid),
    latestMs: largestMs(known(valid.map(({ lateMicros }) => lateMicros))),
    clockMs: largestMs(valid.map(({ clockUncertaintyMicros }) => clockUncertaintyMicros)),
  };
}

function together(
  variant: string,
  slices: readonly SliceRecord[],
  each: readonly AgentFigures[],
): AgentFigures {
  const valid = slices.filter(counts);
  return {
    variant,
    agent: null,
    nodes: [...new Set(each.flatMap(({ nodes }) => nodes))],
    slices: slices.length,
    answered: slices.filter(({ agents = [] }) => agents.every(({ latency }) => latency !== null)).length,
    lost: slices.filter(({ agents = [] }) => agents.some(({ lost }) => lost !== null)).length,
    ...sumsOf(valid),
    ...percentilesOf(valid),
    latestMs: largestMs(each.flatMap(({ latestMs }) => (latestMs === null ? [] : [latestMs * 1000]))),
    clockMs: largestMs(each.flatMap(({ clockMs }) => (clockMs === null ? [] : [clockMs * 1000]))),
  };
}

function sumsOf(parts: readonly Pick<LoadAgent, 'requests' | 'errors'>[]) {
  const sum = (of: (part: Pick<LoadAgent, 'requests' | 'errors'>) => number) =>
    parts.reduce((all, part) => all + of(part), 0);
  return {
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => Object.values(errors).reduce((all, one) => all + one, 0)),
  };
}

function percentilesOf(parts: readonly Pick<LoadAgent, 'latency' | 'sendLag'>[]) {
  const merged = (of: (part: Pick<LoadAgent, 'latency' | 'sendLag'>) => string | null) =>
    mergeHistograms(parts.flatMap((part) => of(part) ?? []).map(decodeHistogram));
  const latency = merged((part) => part.latency);
  return {
    p50Ms: quantileMs(latency, 0.5),
    p99Ms: quantileMs(latency, 0.99),
    lagP99Ms: quantileMs(
      merged((part) => part.sendLag),
      0.99,
    ),
  };
}

/** A percentile with fewer than ten samples above it is not told. */
function quantileMs(histogram: Histogram, q: number): number | null {
  return samplesAbove(histogram, q) < 10 ? null : quantileNs(histogram, q) / 1e6;
}

function largestMs(micros: readonly number[]): number | null {
  return micros.length === 0 ? null : Math.max(...micros) / 1000;
}
