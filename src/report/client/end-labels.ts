/** Names at the right end of each line, so that a reader need not match colours with a legend. */
import type { Chart, Plugin } from 'chart.js';

const LINE_HEIGHT = 14;

/** A plugin that writes each visible dataset's label beside its last point, moved apart where they would touch. */
export function endLabels(shown: boolean): Plugin<'line'> {
  return {
    id: 'end-labels',
    afterDatasetsDraw(chart: Chart) {
      if (!shown) return;
      const labels = chart.data.datasets
        .map((dataset, index) => ({ dataset, meta: chart.getDatasetMeta(index), index }))
        .filter(({ dataset, index }) => chart.isDatasetVisible(index) && dataset.label !== undefined)
        .flatMap(({ dataset, meta }) => {
          const last = meta.data.at(-1);
          if (last === undefined) return [];
          return [{ text: dataset.label ?? '', x: last.x, y: last.y, colour: String(dataset.borderColor) }];
        })
        .sort((a, b) => a.y - b.y);
      const { ctx, chartArea } = chart;
      let floor = chartArea.top;
      ctx.save();
      ctx.textBaseline = 'middle';
      for (const label of labels) {
        const y = Math.max(label.y, floor);
        floor = y + LINE_HEIGHT;
        ctx.fillStyle = label.colour;
        ctx.fillText(label.text, Math.min(label.x, chartArea.right) + 8, y);
      }
      ctx.restore();
    },
  };
}
