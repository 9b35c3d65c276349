/** Legends as buttons: they say what is what, and switch variants on and off by keyboard too. */
import type { ChartVariant } from '../chart-data.js';
import { seriesColour, seriesDash, type Theme } from './theme.js';

const SVG = 'http://www.w3.org/2000/svg';

function element(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function sample(colour: string, dash: readonly number[]): SVGElement {
  const svg = element('svg', { viewBox: '0 0 28 8', width: '28', height: '8', 'aria-hidden': 'true' });
  svg.append(
    element('line', {
      x1: '0',
      x2: '28',
      y1: '4',
      y2: '4',
      stroke: colour,
      'stroke-width': '3',
      'stroke-dasharray': dash.join(' '),
    }),
  );
  return svg;
}

/** One button per variant; pressed means shown. */
export function variantLegend(
  variants: readonly ChartVariant[],
  shown: ReadonlySet<number>,
  theme: Theme,
  toggle: (index: number, on: boolean) => void,
): HTMLElement {
  const list = document.createElement('div');
  list.className = 'legend';
  list.setAttribute('role', 'group');
  list.setAttribute('aria-label', 'Variants shown in the charts');
  variants.forEach((variant, index) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.variant = String(index);
    button.setAttribute('aria-pressed', String(shown.has(index)));
    const label = document.createElement('bdi');
    label.textContent = variant.label;
    button.append(sample(seriesColour(theme, index), seriesDash(index)), label);
    button.addEventListener('click', () => toggle(index, button.getAttribute('aria-pressed') !== 'true'));
    list.append(button);
  });
  return list;
}

/** A checkbox for the curves from the real send time. */
export function sendTimeSwitch(on: boolean, change: (on: boolean) => void): HTMLElement {
  const label = document.createElement('label');
  label.className = 'legend switch';
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.checked = on;
  box.addEventListener('change', () => change(box.checked));
  label.append(box, ' from the real send time too (dotted)');
  return label;
}

/** What the parts of a chart are: a name and its colour each, full or striped. */
export function partsLegend(
  parts: readonly { readonly name: string; readonly colour: string; readonly striped: boolean }[],
): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'legend';
  for (const { name, colour, striped } of parts) {
    const item = document.createElement('li');
    const svg = element('svg', { viewBox: '0 0 14 14', width: '14', height: '14', 'aria-hidden': 'true' });
    svg.append(
      element('rect', {
        x: '0.5',
        y: '0.5',
        width: '13',
        height: '13',
        stroke: colour,
        fill: striped ? 'none' : colour,
      }),
    );
    if (striped) svg.append(element('path', { d: 'M0 14L14 0M0 7L7 0M7 14L14 7', stroke: colour }));
    item.append(svg, ` ${name}`);
    list.append(item);
  }
  return list;
}
