/** Intervals behind the dots of a chart with lanes. */
import type { Chart, Plugin } from 'chart.js';

export interface Whisker {
  /** On the chart's scale. */
  readonly low: number;
  readonly high: number;
  readonly lane: number;
  readonly colour: string;
}

/** Draws each interval as a line; what lies beyond the scale runs out of the picture. */
export function whiskers(intervals: readonly Whisker[]): Plugin<'scatter'> {
  return {
    id: 'whiskers',
    beforeDatasetsDraw(chart: Chart) {
      const { ctx } = chart;
      const { x, y } = chart.scales;
      if (x === undefined || y === undefined) return;
      const { left, top, width, height } = chart.chartArea;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, width, height);
      ctx.clip();
      ctx.lineWidth = 2.5;
      ctx.lineCap = 'round';
      for (const { low, high, lane, colour } of intervals) {
        const at = y.getPixelForValue(lane);
        ctx.strokeStyle = colour;
        ctx.beginPath();
        ctx.moveTo(x.getPixelForValue(low), at);
        ctx.lineTo(x.getPixelForValue(high), at);
        ctx.stroke();
      }
      ctx.restore();
    },
  };
}
