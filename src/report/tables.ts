/** Tables, and the small marks inside their cells. Every table has a caption and scoped headers. */
import { createHash } from 'node:crypto';
import { type Effect, type Level, METRICS } from '../record/index.js';
import { quantity, quantityInterval } from './format.js';
import { type Html, type HtmlValue, html } from './html.js';
import { changeText, differenceText, hasRatio, rangeText, verdictWord } from './words.js';

export interface Column {
  readonly label: HtmlValue;
  /** Text columns read from the left; numbers line up on the right. */
  readonly text?: boolean;
}

export interface TableParts {
  readonly caption: HtmlValue;
  readonly columns: readonly Column[];
  /** True for a table of many columns: an interval may take two lines, so that a laptop shows all of them. */
  readonly dense?: boolean;
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly HtmlValue[])[];
}

/** An id that follows from the caption, so that equal input gives equal bytes. */
function tableId(caption: Html): string {
  return `table-${createHash('sha256').update(caption.markup).digest('hex').slice(0, 10)}`;
}

/** A table in a box that scrolls by itself on narrow screens and can be reached by keyboard. */
export function table({ caption, columns, rows, dense }: TableParts): Html {
  const id = tableId(html`${caption}`);
  const cellClass = (index: number) => (columns[index]?.text === true ? 'text' : 'number');
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}"><table${dense === true ? { markup: ' class="dense"' } : null}>
<caption id="${id}"><span>${caption}</span></caption>
<thead><tr>${columns.map((column, index) => html`<th scope="col" class="${cellClass(index)}">${column.label}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${row.map((cell, index) =>
      index === 0
        ? html`<th scope="row" class="${cellClass(index)}">${cell}</th>`
        : html`<td class="${cellClass(index)}">${cell}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`;
}

/** A place where a number is missing, and why. */
export function missing(reason: string | null): Html {
  return html`<span class="missing"><span aria-hidden="true">—</span><span class="sr">not known</span>${
    reason === null ? null : html` <small>${reason}</small>`
  }</span>`;
}

/** A level with its interval, or the reason for its absence. */
export function levelCell(level: Level | undefined): Html {
  if (level === undefined) return missing(null);
  if (level.value === null) return missing(level.reason);
  const unit = METRICS[level.metric].unit;
  if (level.low === null || level.high === null) return html`<b>${quantity(level.value, unit)}</b>`;
  // An exact value, such as the CPU of a variant without processes, has no interval worth printing.
  if (level.low === level.high) return html`<b>${quantity(level.value, unit)}</b>`;
  const text = quantityInterval(level.value, level.low, level.high, unit);
  if (text.low === text.high) return html`<b>${text.value}</b>`;
  return html`<b>${text.value}</b> <small>${rangeText(text)}</small>`;
}

/** The verdict as a symbol and a word. */
export function verdictBadge(effect: Effect): Html {
  const { word, symbol } = verdictWord(effect.verdict);
  return html`<span class="verdict ${effect.verdict}"><span aria-hidden="true">${symbol}</span> ${word}</span>`;
}

/** The word, the change and its interval, and a mark of where the interval lies. `reach` is the column's scale. */
export function effectCell(effect: Effect | undefined, reach: number, margin: number): Html {
  if (effect === undefined) return missing('not compared');
  const known = changeText(effect) ?? differenceText(effect);
  if (known === null) return html`${verdictBadge(effect)} ${missing(effect.reason)}`;
  return html`${verdictBadge(effect)} <b>${known.value}</b> <small>${rangeText(known)}</small>${intervalMark(effect, reach, margin)}`;
}

/** Change as a ratio with its interval, without the mark. */
export function changeCell(effect: Effect): Html {
  const known = changeText(effect);
  return known === null
    ? missing(effect.reason)
    : html`<b>${known.value}</b> <small>${rangeText(known)}</small>`;
}

/** Difference in the metric's unit with its interval. */
export function differenceCell(effect: Effect): Html {
  const known = differenceText(effect);
  return known === null
    ? missing(effect.reason)
    : html`<b>${known.value}</b> <small>${rangeText(known)}</small>`;
}

/** Largest distance from "no change" among effects, as |log ratio|: the common scale of their marks. */
export function reachOf(effects: readonly (Effect | undefined)[], margin: number): number {
  let reach = Math.log(1 + margin) * 2;
  for (const effect of effects) {
    if (effect === undefined || !hasRatio(effect)) continue;
    for (const ratio of [effect.low, effect.high]) {
      if (ratio > 0) reach = Math.max(reach, Math.abs(Math.log(ratio)) * 1.05);
    }
  }
  return reach;
}

const MARK_WIDTH = 120;

/**
 * The interval as a line around a dot, on a log scale centred on "no change", with the margin of equivalence as
 * a band. It repeats what the cell says in numbers, so screen readers pass over it.
 */
function intervalMark(effect: Effect, reach: number, margin: number): Html | null {
  if (!hasRatio(effect) || effect.low <= 0 || effect.ratio <= 0) return null;
  const place = (ratio: number) => {
    const at = MARK_WIDTH / 2 + (Math.log(ratio) / reach) * (MARK_WIDTH / 2 - 4);
    return Math.round(Math.min(MARK_WIDTH - 3, Math.max(3, at)) * 10) / 10;
  };
  const [low, high, middle] = [place(effect.low), place(effect.high), place(effect.ratio)];
  const [bandLow, bandHigh] = [place(1 / (1 + margin)), place(1 + margin)];
  return html`<svg class="mark ${effect.verdict}" viewBox="0 0 ${MARK_WIDTH} 12" preserveAspectRatio="xMinYMid" aria-hidden="true" focusable="false"><rect class="band" x="${bandLow}" y="0" width="${Math.round((bandHigh - bandLow) * 10) / 10}" height="12"/><line class="zero" x1="${MARK_WIDTH / 2}" x2="${MARK_WIDTH / 2}" y1="0" y2="12"/><line class="range" x1="${low}" x2="${high}" y1="6" y2="6"/><circle class="dot" cx="${middle}" cy="6" r="3"/></svg>`;
}

/**
 * A canvas that the page's script fills; without it, or for who cannot see it, the table beside it says the same.
 * `label` says what is drawn, `look` what to look for in it.
 */
export function chart(id: string, label: string, look: HtmlValue): Html {
  return html`<figure class="chart" data-chart="${id}" hidden><div class="canvas"><canvas role="img" aria-label="${label}"></canvas></div><figcaption><b>What to look for:</b> ${look}</figcaption></figure>`;
}
