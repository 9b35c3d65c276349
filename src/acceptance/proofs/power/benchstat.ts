/** Handing runs to benchstat (golang.org/x/perf/cmd/benchstat) as Go benchmarks, and reading what it finds different. */
import { USUAL_METRIC_NAMES, USUAL_METRICS, type UsualMetric, type UsualRun } from './usual-metrics.js';

/** What benchstat says of one metric. `~` is its own sign for no significant difference. */
export interface BenchstatFinding {
  readonly verdict: 'worse' | 'better' | '~';
  /** Of its Mann-Whitney U test; null where it tells none. */
  readonly p: number | null;
}

/**
 * Runs in the text format of Go benchmarks (https://go.dev/design/14313-benchmark-format): a line for each run and metric,
 * with the run's requests for iterations and ns/op, of which benchstat knows that less is better.
 */
export function benchmarkText(runs: readonly UsualRun[]): string {
  const lines = runs.flatMap(({ requests, micros }) =>
    USUAL_METRIC_NAMES.flatMap((metric) => {
      const value = micros[metric];
      const name = USUAL_METRICS[metric].benchmark;
      return value === undefined ? [] : [`Benchmark${name} ${requests} ${(value * 1000).toFixed(1)} ns/op`];
    }),
  );
  return `${lines.join('\n')}\n`;
}

/**
 * What benchstat found, from what it prints with `-format csv` for two files. Throws Error for text without a comparison,
 * and for a row of it that cannot be read.
 */
export function readBenchstat(csv: string): ReadonlyMap<UsualMetric, BenchstatFinding> {
  const rows = csv.split('\n').map((line) => line.trimEnd().split(','));
  const head = rows.findIndex((cells) => cells.includes('vs base'));
  const [versus, pColumn] = [rows[head]?.indexOf('vs base') ?? -1, rows[head]?.indexOf('P') ?? -1];
  if (versus < 0 || pColumn < 0) {
    throw new Error(`benchstat compared nothing; give it two sets of runs. It printed:\n${csv}`);
  }
  const found = new Map<UsualMetric, BenchstatFinding>();
  for (const cells of rows.slice(head + 1)) {
    const metric = USUAL_METRIC_NAMES.find((name) => USUAL_METRICS[name].benchmark === cells[0]);
    if (metric === undefined) continue;
    found.set(metric, {
      verdict: verdictOf(cells[versus] ?? '', cells.join(',')),
      p: numberOrNull(/^p=([\d.]+)/.exec(cells[pColumn] ?? '')?.[1]),
    });
  }
  return found;
}

function verdictOf(change: string, row: string): BenchstatFinding['verdict'] {
  // Medians that are the same differ by nothing, and to or from 0 it tells no change.
  if (change === '~' || change === '?' || change === '0.00%') return '~';
  if (change.startsWith('+')) return 'worse';
  if (change.startsWith('-')) return 'better';
  throw new Error(`benchstat printed a row that cannot be read: ${row}`);
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
