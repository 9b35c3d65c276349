/** The mean time of a request by the part of its path. */
import type { HopBars } from '../../chart-data.js';
import { seriesColour, type Theme } from '../theme.js';
import type { StackPart } from './stack.js';

/** Servers in colours, what lies between them hatched. */
export function hopParts(bars: HopBars, theme: Theme): readonly StackPart[] {
  return bars.parts.map(({ name, values }, index) => ({
    name,
    colour: seriesColour(theme, index),
    striped: name.startsWith('wire'),
    values,
  }));
}
