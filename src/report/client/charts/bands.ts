/** The intervals of percentiles, as bands behind their curves. */
import type { Chart, Plugin } from 'chart.js';
import type { CurveSeries } from '../../chart-data.js';

const OPACITY = 0.14;

/** One band for each curve, in the curve's colour; `curves` are those of the chart's datasets, in their order. */
export function intervalBands(curves: readonly CurveSeries[]): Plugin<'line'> {
  return {
    id: 'interval-bands',
    beforeDatasetsDraw(chart: Chart) {
      const { ctx, chartArea } = chart;
      const { x, y } = chart.scales;
      if (x === undefined || y === undefined) return;
      const place = (value: number) =>
        Math.min(chartArea.bottom, Math.max(chartArea.top, y.getPixelForValue(Math.max(value, y.min))));
      curves.forEach(({ band }, index) => {
        if (band.length < 2) return;
        ctx.save();
        ctx.globalAlpha = OPACITY;
        ctx.fillStyle = String(chart.data.datasets[index]?.borderColor);
        ctx.beginPath();
        for (const [tail, , high] of band) ctx.lineTo(x.getPixelForValue(tail), place(high));
        for (const [tail, low] of [...band].reverse()) ctx.lineTo(x.getPixelForValue(tail), place(low));
        ctx.closePath();
        ctx.fill();
        ctx.restore();
      });
    },
  };
}
