/** One series of runs as a drawing: a point and interval for each run, a mean for each stretch, a line at each change. */
import type { HistoryLine, Trend } from '../history/index.js';
import { timestamp } from './format.js';
import { type Html, html } from './html.js';

const WIDTH = 640;
const HEIGHT = 150;
const LEFT = 78;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 22;
/** Intervals are cut where they reach further beyond the points than this share of the points' own range. */
const BEYOND = 1;

/** Runs stand at equal distances, by time; the scale is linear and need not begin at 0. */
export function trendDrawing(trend: Trend, text: (value: number) => string): Html {
  const { lines, changes } = trend;
  const { low, high } = rangeOf(lines);
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, lines.length);
  const x = (index: number) => LEFT + (index + 0.5) * step;
  const y = (value: number) =>
    TOP + (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const at = (value: number) => value.toFixed(1);
  const edges = [0, ...changes.map(({ after }) => lines.indexOf(after)), lines.length];
  const words = `${lines.length} runs from ${text(lines[0]?.value ?? 0)} to ${text(lines.at(-1)?.value ?? 0)}; ${changes.length === 1 ? '1 change' : `${changes.length} changes`}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${words}">
<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}"/>
<text x="${LEFT - 6}" y="${TOP + 8}" text-anchor="end">${text(high)}</text>
<text x="${LEFT - 6}" y="${HEIGHT - BOTTOM}" text-anchor="end">${text(low)}</text>
<text x="${LEFT}" y="${HEIGHT - 6}">${day(lines[0])}</text>
<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${day(lines.at(-1))}</text>
${lines.map(({ low: from, high: to }, index) =>
  from === null || to === null
    ? null
    : html`<path class="interval" d="M${at(x(index))} ${at(y(from))}V${at(y(to))}"/>`,
)}
${edges.slice(1).map((end, part) => {
  const begin = edges[part] ?? 0;
  const mean = lines.slice(begin, end).reduce((sum, { value }) => sum + value, 0) / Math.max(1, end - begin);
  return html`<path class="mean" d="M${at(x(begin - 0.5))} ${at(y(mean))}H${at(x(end - 0.5))}"/>`;
})}
${changes.map(({ after, direction }) => {
  const place = at(x(lines.indexOf(after) - 0.5));
  return html`<path class="change ${direction}" d="M${place} ${TOP}V${HEIGHT - BOTTOM}"/>`;
})}
${lines.map(
  (line, index) =>
    html`<circle cx="${at(x(index))}" cy="${at(y(line.value))}" r="2.5"><title>${line.runId}: ${text(line.value)}, ${timestamp(line.time)}</title></circle>`,
)}
</svg>`;
}

function rangeOf(lines: readonly HistoryLine[]): { readonly low: number; readonly high: number } {
  const values = lines.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(most - least, Math.abs(most) * 0.05, Number.MIN_VALUE) * BEYOND;
  const low = Math.max(least - room, Math.min(least, ...lines.map((line) => line.low ?? line.value)));
  const high = Math.min(most + room, Math.max(most, ...lines.map((line) => line.high ?? line.value)));
  return high > low ? { low, high } : { low: low - 0.5, high: high + 0.5 };
}

function day(line: HistoryLine | undefined): string {
  return line === undefined ? '' : timestamp(line.time).slice(0, 10);
}
