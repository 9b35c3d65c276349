/** What proxies of others say of themselves, as counters of ours. Each reader throws on an answer that it cannot read. */
import type { HaproxyCell } from '../host/index.js';
import { parsePrometheus, parseSelector, sumOf } from './prometheus.js';

export type Counters = Readonly<Record<string, number>>;

/** Counters from Prometheus text; those that are no number (yet) are left out. */
export function prometheusCounters(
  text: string,
  metrics: Readonly<Record<string, readonly string[]>>,
): Counters {
  const samples = parsePrometheus(text);
  return summed(metrics, (selector) => {
    const read = parseSelector(selector);
    if (read === null) throw new SyntaxError(`${selector} selects no metric`);
    return sumOf(samples, read);
  });
}

/** Counters from HAProxy's CSV; an empty cell counts nothing, and a row or column that is missing is a fault. */
export function haproxyCounters(
  text: string,
  cells: Readonly<Record<string, readonly HaproxyCell[]>>,
): Counters {
  const [head = '', ...lines] = text.trim().split('\n');
  const names = head.replace(/^# /, '').split(',');
  const rows = new Map(
    lines.map((line) => {
      const values = line.split(',');
      return [`${values[0]},${values[1]}`, values] as const;
    }),
  );
  return summed(cells, ({ proxy, row, field }) => {
    const value = rows.get(`${proxy},${row}`)?.[names.indexOf(field)];
    if (value === undefined)
      throw new SyntaxError(`no ${field} of ${proxy} ${row} is in HAProxy’s statistics`);
    return Number(value);
  });
}

/**
 * Counters from stub_status: "accepts handled requests" and their numbers. `own` is how many of them were readings like
 * this one, this one included: each takes a connection and a request.
 */
export function nginxCounters(text: string, own: number): Counters {
  const [, accepts, , requests] = /requests\s+(\d+) (\d+) (\d+)/.exec(text) ?? [];
  if (accepts === undefined || requests === undefined) throw new SyntaxError('no status of nginx');
  return { connectionsAccepted: Number(accepts) - own, requests: Number(requests) - own };
}

function summed<Part>(
  wanted: Readonly<Record<string, readonly Part[]>>,
  numberIn: (part: Part) => number,
): Counters {
  const sums = Object.entries(wanted).map(
    ([name, parts]) => [name, parts.reduce((sum, part) => sum + numberIn(part), 0)] as const,
  );
  return Object.fromEntries(sums.filter(([, value]) => Number.isFinite(value)));
}
