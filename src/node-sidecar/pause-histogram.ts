/** Durations counted in buckets, four to a doubling from 1 µs to about 17 s, and one bucket for what is longer. */

export interface BucketCounts {
  /** Upper edges, ascending; null is infinity. */
  readonly upperNs: readonly (number | null)[];
  readonly counts: readonly number[];
}

const LOWEST_NS = 1000;
const BUCKETS_PER_DOUBLING = 4;
const DOUBLINGS = 24;
const EDGES_NS = Array.from({ length: BUCKETS_PER_DOUBLING * DOUBLINGS + 1 }, (_, index) =>
  Math.round(LOWEST_NS * 2 ** (index / BUCKETS_PER_DOUBLING)),
);

export interface PauseHistogram {
  record(ns: number): void;
  /** Cumulative counts; of each run of empty buckets only the last, which is the lower edge of the next. */
  read(): BucketCounts;
}

export function createPauseHistogram(): PauseHistogram {
  const counts = new Array<number>(EDGES_NS.length + 1).fill(0);
  return {
    record(ns) {
      const found = EDGES_NS.findIndex((edge) => ns <= edge);
      const bucket = found === -1 ? EDGES_NS.length : found;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    },
    read() {
      const upperNs: (number | null)[] = [];
      const kept: number[] = [];
      counts.forEach((count, index) => {
        const last = index === counts.length - 1;
        if (count === 0 && !last && counts[index + 1] === 0) return;
        upperNs.push(EDGES_NS[index] ?? null);
        kept.push(count);
      });
      return { upperNs, counts: kept };
    },
  };
}
