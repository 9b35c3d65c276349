/** Objectives as the command line has them: `p99=5ms`, `errors=1%`. */
import type { Objective } from '../record/index.js';
import { DURATION, PERCENT, parseQuantity } from '../scenario/index.js';

/** Requests that may fail where nothing is said of them. */
const USUAL_MOST_ERRORS = 0.01;
const HINT = 'give `--slo p99=5ms` (p50, p90, p99.9 …) or `--slo errors=1%`';

/** One objective of all that was given. Throws RangeError with the mend for one that cannot be read, and when no latency is among them. */
export function parseObjective(texts: readonly string[]): Objective {
  const latency: Objective['latency'] = [];
  let mostErrors = USUAL_MOST_ERRORS;
  for (const text of texts) {
    const [name = '', written = ''] = text.split('=', 2);
    if (name === 'errors') {
      mostErrors = quantityOf(text, written, PERCENT);
      if (mostErrors > 1 || mostErrors < 0)
        throw new RangeError(`\`${text}\`: errors lie between 0% and 100%`);
      continue;
    }
    const percentile = /^p(\d{1,2}(?:\.\d{1,4})?)$/.exec(name)?.[1];
    if (percentile === undefined) throw new RangeError(`\`${text}\` is no objective; ${HINT}`);
    const limitMs = quantityOf(text, written, DURATION);
    const quantile = Number(percentile) / 100;
    if (quantile <= 0 || limitMs <= 0) throw new RangeError(`\`${text}\` is no objective; ${HINT}`);
    latency.push({ quantile, limitMs });
  }
  if (latency.length === 0) throw new RangeError(`an objective needs a latency; ${HINT}`);
  return { latency, mostErrors };
}

function quantityOf(text: string, written: string, table: typeof DURATION): number {
  const parsed = parseQuantity(written, table);
  if (!parsed.ok) throw new RangeError(`\`${text}\`: what follows = ${parsed.problem}`);
  return parsed.value;
}
