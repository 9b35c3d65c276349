/** The twelve lies, and what of a judged run shows that one was found out. */
import type { JudgedRun } from '../judge.js';
import type { SeededRun } from './seeded-runs.js';

export interface Lie {
  readonly lie: string;
  readonly run: SeededRun['name'];
  /** What found it out, in words; null when nothing did. */
  readonly caught: (run: JudgedRun) => string | null;
  /** The same, asked of what did not lie: null, or the finding is worth nothing. */
  readonly control: { readonly run: SeededRun['name']; readonly caught: (run: JudgedRun) => string | null };
}

/** A finding of the self-audit that names `subject`. */
function audited(check: string, subject = ''): (run: JudgedRun) => string | null {
  return ({ analysis }) => {
    const found = analysis.audit?.find((one) => one.check === check && one.state !== 'pass');
    return found?.details.find((detail) => detail.includes(subject)) ?? null;
  };
}

/** The first of two findings that is there. */
function either(
  one: (run: JudgedRun) => string | null,
  other: (run: JudgedRun) => string | null,
): (run: JudgedRun) => string | null {
  return (run) => one(run) ?? other(run);
}

/** A variant that does not do what its name says. */
function notExercised(id: string): (run: JudgedRun) => string | null {
  return ({ run }) => {
    const variant = run.variants.find((one) => one.id === id);
    return variant?.status === 'not-exercised' ? `${id} is not-exercised: ${variant.reason}` : null;
  };
}

/** A metric in which a variant is worse. */
function worse(id: string, metric: string, why: string): (run: JudgedRun) => string | null {
  return ({ analysis }) => {
    const effect = analysis.effects.find((one) => one.candidate === id && one.metric === metric);
    if (effect?.verdict !== 'worse') return null;
    const figure =
      effect.ratio === null
        ? `by ${effect.difference === null ? '?' : Number(effect.difference.toPrecision(2))}`
        : `× ${Number(effect.ratio.toPrecision(3))}`;
    return `${metric} of ${id} is worse (${figure}): ${why}`;
  };
}

/** A metric that is not judged, for a reason that holds `words`. */
function notJudged(id: string, metric: string, words: string): (run: JudgedRun) => string | null {
  return ({ analysis }) => {
    const effect = analysis.effects.find((one) => one.candidate === id && one.metric === metric);
    return effect?.verdict === 'inconclusive' && effect.reason?.includes(words) === true
      ? `${metric} of ${id} is not judged: ${effect.reason}`
      : null;
  };
}

const INTENDED = 'latency counts from when a request was due';
const TIMED_OUT = 'a request without an answer is an error, and takes its time limit';
const APART = 'failing is other work than serving';

export const LIES: readonly Lie[] = [
  {
    lie: 'a service that stands still',
    run: 'proxies',
    caught: worse('stall', 'latency.p99', INTENDED),
    control: { run: 'proxies', caught: worse('honest-again', 'latency.p99', INTENDED) },
  },
  {
    lie: 'requests without an answer left out',
    run: 'proxies',
    // An interval from four sets of processes may be too wide on a noisy machine; the audit counts without one.
    caught: either(worse('drop', 'errors.rate', TIMED_OUT), audited('errors', 'through drop')),
    control: { run: 'proxies', caught: worse('honest-again', 'errors.rate', TIMED_OUT) },
  },
  {
    lie: 'a generator that cannot send so much',
    run: 'saturated',
    caught: audited('schedule held'),
    control: { run: 'proxies', caught: audited('schedule held', 'honest') },
  },
  {
    lie: 'CPU that reads nothing',
    run: 'claims',
    caught: audited('CPU clocks', '(zeroed)'),
    control: { run: 'claims', caught: audited('CPU clocks', '(plain)') },
  },
  {
    lie: 'CPU read at another moment',
    run: 'claims',
    caught: audited('CPU clocks', '(misaligned)'),
    control: { run: 'claims', caught: audited('CPU clocks', '(pooled-buffer)') },
  },
  {
    lie: 'a build for debugging',
    run: 'build',
    caught: audited('builds', 'of plain'),
    control: { run: 'claims', caught: audited('builds') },
  },
  {
    lie: 'HTTP/2 under the name of HTTP/3',
    run: 'claims',
    caught: notExercised('h2-in-disguise'),
    control: { run: 'claims', caught: notExercised('quic') },
  },
  {
    lie: 'a buffer pool that nobody uses',
    run: 'claims',
    caught: notExercised('inactive-pool'),
    control: { run: 'claims', caught: notExercised('pooled-buffer') },
  },
  {
    lie: 'resumed handshakes counted as full',
    run: 'claims',
    caught: notExercised('resumed-in-disguise'),
    control: { run: 'claims', caught: notExercised('tls-full') },
  },
  {
    lie: 'answers from a cache',
    run: 'proxies',
    caught: audited('requests reached the service', 'behind cache'),
    control: { run: 'proxies', caught: audited('requests reached the service', 'behind honest') },
  },
  {
    lie: 'errors, which are quick',
    run: 'proxies',
    caught: notJudged('refuse', 'latency.p50', APART),
    control: { run: 'proxies', caught: notJudged('honest-again', 'latency.p50', APART) },
  },
  {
    lie: 'a clock that is set during the run',
    run: 'clock',
    caught: audited('time of day'),
    control: { run: 'claims', caught: audited('time of day') },
  },
];
