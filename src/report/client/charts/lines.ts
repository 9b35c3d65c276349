/** A variant's line, as every chart of lines draws it. */
import type { ChartData } from '../../chart-data.js';
import { seriesColour, seriesDash, type Theme } from '../theme.js';

interface Line {
  readonly variant: number;
  readonly points: readonly (readonly [number, number])[];
}

/** Points, colour and dashes of a variant; `pointRadius` in pixels. */
export function variantLine(data: ChartData, { variant, points }: Line, theme: Theme, pointRadius: number) {
  return {
    label: data.variants[variant]?.label ?? '',
    data: points.map(([x, y]) => ({ x, y })),
    borderColor: seriesColour(theme, variant),
    backgroundColor: seriesColour(theme, variant),
    borderDash: seriesDash(variant),
    borderWidth: 2,
    pointRadius,
    pointHitRadius: 8,
  };
}
