/** Runs in the reader's browser: draws the flame graphs of a profile above their tables. Opens no connection. */
import type { FlameChart } from '../../profile/flame-chart.js';
import { type FlameView, flameView } from './flame.js';

/** The page's own data, written by the same build as this script. */
const charts = JSON.parse(document.getElementById('flame-data')?.textContent ?? '[]') as FlameChart[];

const views: FlameView[] = charts.flatMap((chart) => {
  const figure = document.querySelector<HTMLElement>(`[data-flame="${chart.id}"]`);
  const view = figure === null ? null : flameView(figure, chart);
  if (figure === null || view === null) return [];
  figure.hidden = false;
  view.draw();
  return [view];
});

let width = window.innerWidth;
window.addEventListener('resize', () => {
  if (window.innerWidth === width) return;
  width = window.innerWidth;
  for (const view of views) view.draw();
});
