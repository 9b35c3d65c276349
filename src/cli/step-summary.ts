/** What a sweep or a search found, as lines of text for a terminal. */
import type { CurvePoint, Objective, RateCurve, SloResult } from '../record/index.js';
import type { JudgedRun } from './judge.js';
import { type Paint, textTable } from './terminal.js';

/** The curves of a sweep, or the limits of a search; nothing for other runs. */
export function stepLines(judged: JudgedRun, paint: Paint): string[] {
  const planned = judged.run.planned.steps;
  const { curves = [], sloResults = [] } = judged.analysis;
  if (planned === undefined) return [];
  return planned.type === 'sweep'
    ? sweepLines(curves, paint)
    : searchLines(sloResults, planned.objective, planned.precision, paint);
}

function sweepLines(curves: readonly RateCurve[], paint: Paint): string[] {
  const head = ['variant', 'offered', 'answered', 'p50', 'p99', 'CPU per request'];
  const rows = curves.flatMap(({ variant, points }) =>
    points.map((point) => [
      variant,
      rate(point.offeredRatePerSecond),
      rate(point.achievedRatePerSecond),
      ms(point.p50Ms),
      ms(point.p99Ms),
      point.cpuMicrosPerRequest === null ? '–' : `${digits(point.cpuMicrosPerRequest.value)} µs`,
    ]),
  );
  const table = textTable([head, ...rows], (cell, row) => (row === 0 ? paint('dim', cell) : cell));
  return [...table, '', ...curves.map(kneeInWords), ''];
}

function kneeInWords({ variant, kneeRatePerSecond, tooMuchRatePerSecond, points }: RateCurve): string {
  const limited = points.find(({ generatorLimited }) => generatorLimited);
  const generator =
    limited === undefined ? '' : `; the generator could not keep up at ${rate(limited.offeredRatePerSecond)}`;
  if (tooMuchRatePerSecond === null) {
    return `${variant}: no knee up to ${rate(kneeRatePerSecond ?? 0)}${generator}`;
  }
  return kneeRatePerSecond === null
    ? `${variant}: the lowest rate, ${rate(tooMuchRatePerSecond)}, was too much already${generator}`
    : `${variant}: knee at ${rate(kneeRatePerSecond)}; ${rate(tooMuchRatePerSecond)} was too much${generator}`;
}

function searchLines(
  results: readonly SloResult[],
  objective: Objective,
  precision: number,
  paint: Paint,
): string[] {
  const head = ['variant', 'holds up to', '95 % interval', 'steps', 'cores per 1,000/s', 'MB per 1,000/s'];
  const rows = results.map((result) => [
    result.variant,
    result.ratePerSecond === null ? '–' : rate(result.ratePerSecond),
    `${result.low === null ? '?' : rate(result.low)} … ${result.high === null ? '?' : rate(result.high)}`,
    String(result.steps),
    result.coresPerThousand === null ? '–' : withInterval(result.coresPerThousand),
    result.megabytesPerThousand === null ? '–' : withInterval(result.megabytesPerThousand),
  ]);
  return [
    `objective: ${objectiveInWords(objective)}`,
    ...textTable([head, ...rows], (cell, row) => (row === 0 ? paint('dim', cell) : cell)),
    '',
    ...results.flatMap((result) => unsettledInWords(result, precision)),
  ];
}

/** An objective as it is written: `p99 ≤ 5 ms, errors ≤ 1 %`. */
export function objectiveInWords({ latency, mostErrors }: Objective): string {
  return [
    ...latency.map(
      ({ quantile, limitMs }) => `p${Number((quantile * 100).toFixed(4))} ≤ ${digits(limitMs)} ms`,
    ),
    `errors ≤ ${digits(mostErrors * 100)} %`,
  ].join(', ');
}

function unsettledInWords(result: SloResult, precision: number): string[] {
  const { variant, low, high, settled, generatorLimitPerSecond } = result;
  if (settled) return [];
  if (generatorLimitPerSecond !== null) {
    const held = low === null ? 'no rate was seen to hold' : `it holds at least ${rate(low)}`;
    return [`${variant}: the generator could not send ${rate(generatorLimitPerSecond)}, so that ${held}`];
  }
  if (low === null) return [`${variant}: no rate held, down to ${rate(high ?? 0)}`];
  return [
    `${variant}: not known to ${digits(precision * 100)} % within the budget; a longer \`--budget\` narrows the interval`,
  ];
}

function withInterval({
  value,
  low,
  high,
}: {
  value: number;
  low: number | null;
  high: number | null;
}): string {
  return low === null || high === null
    ? digits(value)
    : `${digits(value)} (${digits(low)} … ${digits(high)})`;
}

function ms(estimate: CurvePoint['p99Ms']): string {
  return estimate === null ? '–' : `${digits(estimate.value)} ms`;
}

function rate(perSecond: number): string {
  return `${perSecond >= 100 ? perSecond.toFixed(0) : digits(perSecond)}/s`;
}

/** Three digits that matter. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
