/** What others measured of meshes, to stand beside what was found here. It is for the order of size, and judges nothing. */
import { type Effect, METRICS, type MetricName } from '../record/index.js';
import { differenceInterval } from './format.js';
import { hasDifference } from './words.js';

interface Claim {
  readonly metric: MetricName;
  /** What was found, in the metric's own terms. */
  readonly words: string;
  readonly source: string;
}

/** Each says that a mesh costs more than none, in this metric. */
const CLAIMS: readonly Claim[] = [
  {
    metric: 'latency.p90',
    words: 'a pair of sidecars cost 1.7 to 2.8 ms at p90, at 1,000 requests/s',
    source: 'Istio’s performance pages, versions 1.5 to 1.12',
  },
  {
    metric: 'latency.p99',
    words: 'the same pair cost 2.7 to 2.9 ms at p99',
    source: 'Istio’s performance pages, versions 1.5 to 1.12',
  },
  {
    metric: 'latency.p50',
    words: 'depending on what the mesh does, latency rose by up to 269 %',
    source: 'MeshInsight, SoCC 2023',
  },
  {
    metric: 'cpu.per_request',
    words: 'one Envoy sidecar took a fifth of a core at 1,000 requests/s of 1 KB, which is 200 µs a request',
    source: 'Istio’s documentation, version 1.24',
  },
];

export interface PublishedBeside extends Claim {
  /** What was found here, over all variants. */
  readonly found: string;
  /** Variants whose whole interval lies the other way. */
  readonly otherWay: readonly string[];
}

/** The claims about metrics that this run compared with having no mesh; `effects` are those against a control. */
export function publishedBeside(effects: readonly Effect[]): readonly PublishedBeside[] {
  return CLAIMS.flatMap((claim): PublishedBeside[] => {
    const own = effects.filter(({ metric }) => metric === claim.metric).filter(hasDifference);
    if (own.length === 0) return [];
    const sizes = own.map(({ difference }) => difference).sort((a, b) => a - b);
    const [least, most] = [sizes[0] ?? 0, sizes.at(-1) ?? 0];
    const { unit } = METRICS[claim.metric];
    const ends = differenceInterval(least, least, most, unit);
    return [
      {
        ...claim,
        found:
          own.length === 1
            ? differenceInterval(least, least, least, unit).value
            : `${ends.low} to ${ends.high}`,
        otherWay: own.filter(({ differenceHigh }) => differenceHigh < 0).map(({ candidate }) => candidate),
      },
    ];
  });
}
